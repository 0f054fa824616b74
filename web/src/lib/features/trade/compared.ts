// The two strokes a divergence compares: the one that entered the pivot and the one that left it.
import type { KLineData } from 'klinecharts';
import type { ChanPoint, Stroke, Structure } from '$lib/api/types';
import { macdRows, type MacdRow } from '$lib/chart/macd';

export type Force = { area: number; peak: number };
export type Comparison = { entering: Stroke; leaving: Stroke; forces: { entering: Force; leaving: Force } };

/** An EMA still remembers its seed at the start: nothing is compared before this many bars. */
const SETTLED = 150;
/** How far our own peak ratio may lie from the platform's, before the pair is taken for a wrong guess and not drawn. */
const TOLERANCE = 0.03;

/** Area and peak of the MACD bars on the stroke's own side of zero, between its two ends. */
export function forceOf(rows: MacdRow[], from: number, to: number, direction: 'up' | 'down'): Force {
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

function pairOf(structure: Structure, point: ChanPoint): { entering: Stroke; leaving: Stroke } | null {
  const leaving = structure.strokes.find((stroke) => stroke.n === point.stroke);
  const pivot = [...structure.pivots].reverse().find((row) => row.last_stroke <= point.stroke);
  const entering = pivot && structure.strokes.find((stroke) => stroke.n === pivot.first_stroke - 1);
  return leaving && entering && entering.direction === leaving.direction ? { entering, leaving } : null;
}

/** The comparison behind the point that the state names, or null when the rows at hand do not bear it out. */
export function comparisonOf(structure: Structure, bars: KLineData[]): Comparison | null {
  const ratio = structure.state?.ratio;
  if (ratio === null || ratio === undefined) return null;
  const point = [...structure.points].reverse().find((row) => row.ratio === ratio);
  const pair = point && pairOf(structure, point);
  if (!pair) return null;
  const place = new Map(bars.map((bar, index) => [bar.timestamp, index]));
  const ends = [pair.entering.start_ts, pair.entering.end_ts, pair.leaving.start_ts, pair.leaving.end_ts].map((ts) => place.get(ts) ?? -1);
  const [inFrom = -1, inTo = -1, outFrom = -1, outTo = -1] = ends;
  if (inFrom < SETTLED || Math.min(...ends) < 0) return null;
  const rows = macdRows(bars.map((bar) => bar.close));
  const entering = forceOf(rows, inFrom, inTo, pair.entering.direction);
  const leaving = forceOf(rows, outFrom, outTo, pair.leaving.direction);
  if (entering.peak === 0 || Math.abs(leaving.peak / entering.peak / ratio - 1) > TOLERANCE) return null;
  return { ...pair, forces: { entering, leaving } };
}
