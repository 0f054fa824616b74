// Keeps the drawn structure equal to the platform's: each closed bar says which rows changed, from a row number on.
// Numbers count over the whole series, while we hold a window of it: `first` is the number of our first row.
import type { ChanDelta, ChanRows, Rows, Structure } from '$lib/api/types';

export const LAYERS = ['fractals', 'strokes', 'pivots', 'points', 'segments', 'segment_pivots', 'segment_points', 'segments2'] as const satisfies (keyof ChanRows)[];

/** Rows numbered below `from` stay, everything after is replaced. A change that begins before our window replaces it all. */
export function mergeRows<T>(have: T[], first: number, change: Rows<T> | undefined): { rows: T[]; first: number } {
  if (!change) return { rows: have, first };
  if (change.from < first) return { rows: change.rows, first: change.from };
  if (change.rows.length === 0 && change.from >= first + have.length) return { rows: have, first };
  return { rows: [...have.slice(0, change.from - first), ...change.rows], first };
}

/** False when a change starts beyond what we have: rows were missed and the structure must be read again. */
export function fits(structure: Structure, delta: ChanDelta): boolean {
  return LAYERS.every((layer) => (delta[layer]?.from ?? 0) <= structure.first[layer] + structure[layer].length);
}

export function applyDelta(structure: Structure, delta: ChanDelta, asOf: number): Structure {
  const next: Structure = { ...structure, first: { ...structure.first }, as_of_ms: asOf, bars: structure.bars + 1 };
  for (const layer of LAYERS) grow(next, layer, delta[layer]);
  if (delta.state !== undefined) next.state = delta.state;
  return next;
}

function grow<L extends (typeof LAYERS)[number]>(next: Structure, layer: L, change: ChanDelta[L]): void {
  const rows: ChanRows = next;
  const merged = mergeRows<ChanRows[L][number]>(rows[layer], next.first[layer], change as Rows<ChanRows[L][number]> | undefined);
  rows[layer] = merged.rows as ChanRows[L];
  next.first[layer] = merged.first;
}
