// The figures of MACD, apart from how they are drawn.

export type MacdRow = { dif: number; dea: number; hist: number };

/** EMA seeded with the first close; hist = 2 × (dif − dea), as Chinese terminals draw it. */
export function macdRows(closes: number[], fast = 12, slow = 26, signal = 9): MacdRow[] {
  const rows: MacdRow[] = [];
  let a = closes[0] ?? 0;
  let b = a;
  let dea = 0;
  for (const close of closes) {
    a += (2 / (fast + 1)) * (close - a);
    b += (2 / (slow + 1)) * (close - b);
    const dif = a - b;
    dea += (2 / (signal + 1)) * (dif - dea);
    rows.push({ dif, dea, hist: 2 * (dif - dea) });
  }
  return rows;
}
