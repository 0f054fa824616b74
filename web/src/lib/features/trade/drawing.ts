// From structures and a person's choice to what the chart draws.
import type { ChanLine, ChanPoint, Fractal, Pivot, Segment, Structure } from '$lib/api/types';
import type { Drawing } from '$lib/chart/board';
import type { PivotLevel } from '$lib/chart/overlays/pivots';
import type { PointLevel } from '$lib/chart/overlays/points';
import { barAt, extremeInside } from '$lib/chart/places';
import { periodMs } from '$lib/format/times';
import type { Layer, OwnLevel } from './levels.svelte';

export type Wanted = { shows: (layer: Layer) => boolean; has: (level: OwnLevel) => boolean };
export type Names = { strokePivot: string; segmentPivot: string; segmentPoint: string; higherPivot: (timeframe: string) => string };
export type Higher = { timeframe: string; structure: Structure };

/** How many pivots at the end of the list make up the present run: each wholly above, or wholly below, the one before. */
export function runOf(pivots: readonly Pivot[]): number {
  let run = Math.min(1, pivots.length);
  let direction = 0;
  for (let place = pivots.length - 1; place > 0; place -= 1) {
    const [upper, lower] = [pivots[place], pivots[place - 1]];
    if (!upper || !lower) break;
    const step = Number(upper.zd) > Number(lower.zg) ? 1 : Number(upper.zg) < Number(lower.zd) ? -1 : 0;
    if (step === 0 || (direction !== 0 && step !== direction)) break;
    direction = step;
    run += 1;
  }
  return run;
}

/** Points come segment by segment; drawing and clicking want them by time. */
export const byTime = (points: readonly ChanPoint[]): ChanPoint[] => [...points].sort((a, b) => a.ts - b.ts);

/** Fewer than three lines are no segment yet, only the part of one that is open. */
export const isWhole = (segment: Segment): boolean => segment.last_line - segment.first_line >= 2;

export function drawingOf(structure: Structure | null, higher: readonly Higher[], wanted: Wanted, names: Names, withdrawn: readonly ChanPoint[] = []): Drawing {
  const stroke = wanted.has('stroke');
  const segment = wanted.has('segment');
  const lines = (on: boolean, rows: readonly ChanLine[] | undefined) => (on && wanted.shows('lines') ? [...(rows ?? [])] : []);
  const segments = [
    { lines: lines(segment, structure?.segments.filter(isWhole)), level: 1 },
    { lines: lines(wanted.has('segment2'), structure?.segments2.filter(isWhole)), level: 2 }
  ].filter((row) => row.lines.length > 0);
  const points = wanted.shows('points') ? pointLevels(structure, higher, { stroke, segment }, names) : [];
  if (wanted.shows('withdrawn') && withdrawn.length > 0) points.push({ points: byTime(withdrawn), rank: -1, name: '', place: ownPlace, fixed: () => false });
  return {
    strokes: lines(stroke, structure?.strokes),
    segments,
    higher: wanted.shows('lines')
      ? higher.map((row) => ({ name: row.timeframe, lengthMs: periodMs(row.timeframe), lines: row.structure.strokes }))
      : [],
    pivots: {
      levels: wanted.shows('pivots') ? pivotLevels(structure, higher, { stroke, segment }, names) : [],
      points: byTime(points.flatMap((level) => (level.rank === 0 || level.rank === 1 ? level.points : [])))
    },
    points,
    fractals: wanted.shows('fractals') ? (structure?.fractals ?? []) : ([] as Fractal[])
  };
}

type On = { stroke: boolean; segment: boolean };

function pivotLevels(structure: Structure | null, higher: readonly Higher[], on: On, names: Names): PivotLevel[] {
  const level = (pivots: Pivot[], hue: PivotLevel['hue'], name: string): PivotLevel => ({ pivots, numbered: runOf(pivots), hue, name });
  const levels = [...higher].reverse().map((row) => level(row.structure.pivots, 3, names.higherPivot(row.timeframe)));
  if (on.segment && structure) levels.push(level(structure.segment_pivots, 2, names.segmentPivot));
  if (on.stroke && structure) levels.push(level(structure.pivots, 1, names.strokePivot));
  return levels.filter((row) => row.pivots.length > 0);
}

const ownPlace: PointLevel['place'] = (frame, point) => barAt(frame.bars, point.ts);

/** Whether the line at whose end a point stands can no longer change; lines behind the window are long settled. */
const fixedBy =
  (lines: readonly ChanLine[], first: number): PointLevel['fixed'] =>
  (point) =>
    lines[point.line - first]?.final ?? point.line < first;

function pointLevels(structure: Structure | null, higher: readonly Higher[], on: On, names: Names): PointLevel[] {
  const levels: PointLevel[] = [];
  if (on.stroke && structure) levels.push({ points: byTime(structure.points), rank: 0, name: '', place: ownPlace, fixed: fixedBy(structure.strokes, structure.first.strokes) });
  if (on.segment && structure) levels.push({ points: byTime(structure.segment_points), rank: 1, name: names.segmentPoint, place: ownPlace, fixed: fixedBy(structure.segments, structure.first.segments) });
  for (const { timeframe, structure: coarse } of higher) {
    const length = periodMs(timeframe);
    levels.push({
      points: byTime(coarse.points),
      rank: 2,
      name: `${timeframe} `,
      fixed: fixedBy(coarse.strokes, coarse.first.strokes),
      place: (frame, point) => extremeInside(frame.bars, point.ts, length, point.side === 'sell' ? 'high' : 'low')
    });
  }
  return levels.filter((row) => row.points.length > 0);
}
