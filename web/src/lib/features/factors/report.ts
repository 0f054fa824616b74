// The shape of a factor's report, which the platform sends as plain JSON, and its figures in words.
import type { Both, FactorReport as Wire } from '$lib/api/types';
import { inPercent, percent, plain, share, signed } from '$lib/format/numbers';

type Told = number | null;
export type Correlation = { horizon: number; mean: Told; low: Told; high: Told; deviation: Told; ratio: Told; t: Told; hit: Told; rows: number };
export type Study = {
  factor: string;
  label: Both;
  params: Record<string, number>;
  instruments: string[];
  rows: number;
  first_ts: Told;
  last_ts: Told;
  timeframe: string;
  horizons: number[];
  quantiles: number;
  delay: number;
  ic: Correlation[];
  rank_ic: Correlation[];
  quantile_returns: Told[][];
  spread: Told[];
  turnover: Told[];
  renewed: Told[][];
  break_even: Told[];
  persistence: Told;
  coverage: Told;
  curves: { ts: number[]; rank_ic: Told[][]; cumulative: Told[][]; growth: Told[][]; coverage: Told[]; names: Told[] };
  others: { factor: string; label: Both; mean: number }[];
  warnings: { code: string; text: Both }[];
};
export type Report = Wire & { report: Study | null };

export const correlation = (value: Told): string => signed(value, 3);
export const gain = (value: Told): string => percent(inPercent(value), 2);
export const part = (value: Told): string => share(inPercent(value), 0);
export const ratio = (value: Told): string => plain(value, 2);

/** The largest distance from zero among the values, so that bars share a scale; 1 when there is none. */
export function reach(values: (Told | undefined)[]): number {
  const most = Math.max(0, ...values.map((value) => Math.abs(value ?? 0)));
  return most > 0 ? most : 1;
}
