// Curves of several runs over one axis of time, each as percent of its own start.
import type { Curve } from './report';

/** Every time of any curve; a curve keeps its last value between its own times and has none outside its period. */
export function aligned(curves: Pick<Curve, 'ts' | 'equity'>[]): { ts: number[]; values: (number | null)[][] } {
  const ts = [...new Set(curves.flatMap((curve) => curve.ts))].sort((a, b) => a - b);
  const values = curves.map((curve) => {
    const [first, last] = [curve.ts[0] ?? Infinity, curve.ts.at(-1) ?? -Infinity];
    const start = curve.equity[0] ?? NaN;
    let place = 0;
    return ts.map((at) => {
      if (at < first || at > last) return null;
      while ((curve.ts[place + 1] ?? Infinity) <= at) place += 1;
      const value = curve.equity[place];
      return value === undefined || !(start > 0) ? null : (value / start - 1) * 100;
    });
  });
  return { ts, values };
}
