// Keeps the drawn structure equal to the platform's: each closed bar says which rows changed, from a row number on.
// Numbers count over the whole series, while we hold a window of it: `first` is the number of our first row.
import type { ChanDelta, Rows, Structure } from '$lib/api/types';

const LAYERS = ['fractals', 'strokes', 'pivots', 'points'] as const;

/** Rows numbered below `from` stay, everything after is replaced. A change that begins before our window replaces it all. */
export function mergeRows<T>(have: T[], first: number, change: Rows<T> | undefined): { rows: T[]; first: number } {
  if (!change) return { rows: have, first };
  if (change.from < first) return { rows: change.rows, first: change.from };
  return { rows: [...have.slice(0, change.from - first), ...change.rows], first };
}

/** False when a change starts beyond what we have: rows were missed and the structure must be read again. */
export function fits(structure: Structure, delta: ChanDelta): boolean {
  return LAYERS.every((layer) => (delta[layer]?.from ?? 0) <= structure.first[layer] + structure[layer].length);
}

export function applyDelta(structure: Structure, delta: ChanDelta, asOf: number): Structure {
  const fractals = mergeRows(structure.fractals, structure.first.fractals, delta.fractals);
  const strokes = mergeRows(structure.strokes, structure.first.strokes, delta.strokes);
  const pivots = mergeRows(structure.pivots, structure.first.pivots, delta.pivots);
  const points = mergeRows(structure.points, structure.first.points, delta.points);
  return {
    ...structure,
    as_of_ms: asOf,
    bars: structure.bars + 1,
    first: { fractals: fractals.first, strokes: strokes.first, pivots: pivots.first, points: points.first },
    fractals: fractals.rows,
    strokes: strokes.rows,
    pivots: pivots.rows,
    points: points.rows,
    state: delta.state === undefined ? structure.state : delta.state
  };
}
