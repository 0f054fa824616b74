// What a click on the chart means: a point's tag, the end of a segment, or a fractal.
import type { ChanPoint, Fractal, Segment, Structure } from '$lib/api/types';
import type { Spot } from '$lib/chart/pointer';
import type { PlacedPoint } from '$lib/chart/overlays/points';
import { momentsIn, spansIn } from '$lib/chart/places';

export type Pick =
  | { layer: 'point'; level: 0 | 1; row: ChanPoint }
  | { layer: 'segment'; level: 0 | 1; row: Segment }
  | { layer: 'fractal'; row: Fractal };

/** What of the structure can be clicked now. */
export type Clickable = { segments: boolean; segments2: boolean; fractals: boolean; onlyFractals: boolean };

export type Eye = {
  inView: { from: number; to: number };
  spotOf: (ts: number, price: string) => Spot | null;
  pointAt: (spot: Spot) => PlacedPoint | null;
};

const REACH_PX = 10;
/** A fractal's mark stands a little off its price. */
const MARK_PX = 7;

function nearest<R>(rows: readonly R[], spot: Spot, place: (row: R) => Spot | null): R | null {
  let best: R | null = null;
  let least = REACH_PX;
  for (const row of rows) {
    const there = place(row);
    const distance = there ? Math.hypot(there.x - spot.x, there.y - spot.y) : Infinity;
    if (distance < least) [best, least] = [row, distance];
  }
  return best;
}

/** The nearest thing that can be explained, within reach of the click; points come first, coarser periods' do not count. */
export function pickAt(structure: Structure, spot: Spot, eye: Eye, can: Clickable): Pick | null {
  const { from, to } = eye.inView;
  if (!can.onlyFractals) {
    const tag = eye.pointAt(spot);
    if (tag && (tag.rank === 0 || tag.rank === 1)) return { layer: 'point', level: tag.rank === 1 ? 1 : 0, row: tag.point };
    for (const [shown, level, rows] of [[can.segments2, 1, structure.segments2], [can.segments, 0, structure.segments]] as const) {
      const row = shown ? nearest(spansIn(rows, from, to), spot, (segment) => eye.spotOf(segment.end_ts, segment.end_price)) : null;
      if (row) return { layer: 'segment', level, row };
    }
  }
  if (!can.fractals) return null;
  const row = nearest(momentsIn(structure.fractals, from, to), spot, (fractal) => {
    const there = eye.spotOf(fractal.ts, fractal.price);
    return there && { x: there.x, y: there.y + (fractal.kind === 'top' ? -MARK_PX : MARK_PX) };
  });
  return row && { layer: 'fractal', row };
}
