// Keeps the drawn structure equal to the platform's: each closed bar says which rows changed, from an index on.
import type { ChanDelta, Rows, Structure } from '$lib/api/types';

/** Rows before `from` stay, everything after is replaced. */
export function mergeRows<T>(have: T[], change: Rows<T> | undefined | null): T[] {
  if (!change) return have;
  if (change.from === have.length && change.rows.length === 0) return have;
  return [...have.slice(0, change.from), ...change.rows];
}

/** False when the change starts beyond what we have: rows were missed and the structure must be read again. */
export function fits(structure: Structure, delta: ChanDelta): boolean {
  return (
    (delta.fractals?.from ?? 0) <= structure.fractals.length &&
    (delta.strokes?.from ?? 0) <= structure.strokes.length &&
    (delta.pivots?.from ?? 0) <= structure.pivots.length &&
    (delta.points?.from ?? 0) <= structure.points.length
  );
}

export function applyDelta(structure: Structure, delta: ChanDelta, asOf: number): Structure {
  return {
    ...structure,
    as_of_ms: asOf,
    bars: structure.bars + 1,
    fractals: mergeRows(structure.fractals, delta.fractals),
    strokes: mergeRows(structure.strokes, delta.strokes),
    pivots: mergeRows(structure.pivots, delta.pivots),
    points: mergeRows(structure.points, delta.points),
    state: delta.state === undefined ? structure.state : delta.state
  };
}
