// How bright a cell of the parameter map is: from the worst of the map to its best, so that areas stand out.

type Cells = (number | null)[][];
export type Spread = { worst: number; best: number };

export function spreadOf(cells: Cells, upward: boolean): Spread | null {
  const known = cells.flat().filter((value): value is number => value !== null);
  if (known.length === 0) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return upward ? { worst: low, best: high } : { worst: high, best: low };
}

/** Share of the solid colour, 10 to 88 %; the middle where all cells are alike. */
export function shade(value: number, spread: Spread): number {
  const width = spread.best - spread.worst;
  return width === 0 ? 49 : Math.round(10 + 78 * ((value - spread.worst) / width));
}

/** Where a value lies among the values of an axis: its own place, or the part whose middle is nearest. */
export function placeOf(value: unknown, axis: unknown[]): number {
  const exact = axis.indexOf(value);
  if (exact >= 0 || typeof value !== 'number') return exact;
  return axis.reduce<number>((near, one, place) => (Math.abs(Number(one) - value) < Math.abs(Number(axis[near]) - value) ? place : near), 0);
}
