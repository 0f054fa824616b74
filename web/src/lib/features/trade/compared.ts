// The two strokes a divergence compares: the one that entered the pivot and the one that left it.
import type { KLineData } from 'klinecharts';
import type { ChanPoint, Stroke, Structure } from '$lib/api/types';
import { barAt } from '$lib/chart/places';
import { macdRows, type MacdRow } from '$lib/chart/macd';

export type Force = { area: number; peak: number };
export type Comparison = { entering: Stroke; leaving: Stroke; forces: { entering: Force; leaving: Force } };

/** An EMA still remembers its seed at the start: nothing is compared before this many bars. */
const SETTLED = 150;
/** How far our own peak ratio may lie from the platform's, before the pair is not the one it compared and is not drawn. */
const TOLERANCE = 0.03;

/** Area and peak of the MACD bars on the stroke's own side of zero, between its two ends. */
export function forceOf(rows: readonly MacdRow[], from: number, to: number, direction: 'up' | 'down'): Force {
  let area = 0;
  let peak = 0;
  for (let i = Math.max(0, from); i <= Math.min(rows.length - 1, to); i += 1) {
    const hist = rows[i]?.hist ?? 0;
    const own = direction === 'up' ? Math.max(0, hist) : Math.max(0, -hist);
    area += own;
    peak = Math.max(peak, own);
  }
  return { area, peak };
}

/** Whether a point of this kind compares the forces of two lines; the others' ratio is a share given back, or none. */
export const comparesForces = (kind: string): boolean => kind.endsWith('1') || kind.endsWith('1p');

/** The stroke numbered `n`, counted over the whole series. */
export const strokeNumbered = (structure: Structure, n: number | null): Stroke | undefined =>
  n === null ? undefined : structure.strokes[n - structure.first.strokes];

/** The comparison behind a point of strokes, or null when it has none or the rows at hand do not bear it out. */
export function comparisonOf(structure: Structure, point: ChanPoint | null, bars: KLineData[]): Comparison | null {
  if (!point || point.ratio === null || !comparesForces(point.kind)) return null;
  const leaving = strokeNumbered(structure, point.line);
  const entering = strokeNumbered(structure, point.of_line);
  if (!leaving || !entering || entering.direction !== leaving.direction) return null;
  if (entering.start_ts < (bars[SETTLED]?.timestamp ?? Infinity)) return null;
  const rows = macdRows(bars.map((bar) => bar.close));
  const force = (stroke: Stroke) => forceOf(rows, barAt(bars, stroke.start_ts), barAt(bars, stroke.end_ts), stroke.direction);
  const forces = { entering: force(entering), leaving: force(leaving) };
  if (forces.entering.peak === 0 || Math.abs(forces.leaving.peak / forces.entering.peak / point.ratio - 1) > TOLERANCE) return null;
  return { entering, leaving, forces };
}

/** The point the state's sentence speaks of: the newest one, when it still compares the newest strokes. */
export function statePoint(structure: Structure): ChanPoint | null {
  const { state, points } = structure;
  if (!state?.point || state.ratio === null) return null;
  return [...points].reverse().find((row) => row.kind === state.point?.kind && row.ratio === state.ratio) ?? null;
}
