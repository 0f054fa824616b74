// What a report is asked for: the form's texts, their check, and the body that the platform takes.
import type { Factor, Instrument, NewFactorReport, Timeframe } from '$lib/api/types';
import { dateToMs } from '$lib/format/times';

export type Form = {
  factor: string;
  instruments: string[];
  timeframe: string;
  from: string;
  to: string;
  horizons: string;
  quantiles: string;
  delay: string;
  params: Record<string, string>;
};
export type Problem = 'instruments' | 'period' | 'horizons';
export type Problems = { fields: Partial<Record<Problem, true>>; params: Record<string, true> };

const LAST_MS = 86_400_000 - 1;
const LEAST = 3;
const MOST_HORIZONS = 8;

/** A whole number within its bounds, or null. */
export function whole(text: string, low: number, high: number): number | null {
  const clean = text.trim();
  if (!/^\d{1,9}$/.test(clean)) return null;
  const number = Number(clean);
  return number >= low && number <= high ? number : null;
}

/** "20, 1，5" → [1, 5, 20]; null when something in it is no horizon. */
export function horizonsOf(text: string): number[] | null {
  const found = text.split(/[,，\s]+/).filter(Boolean).map((one) => whole(one, 1, 1000));
  if (found.length === 0 || found.includes(null)) return null;
  const rising = [...new Set(found as number[])].sort((a, b) => a - b);
  return rising.length <= MOST_HORIZONS ? rising : null;
}

export const paramsOf = (factor: Factor | null): Record<string, string> =>
  Object.fromEntries(Object.entries(factor?.params ?? {}).map(([name, rows]) => [name, String(rows)]));

/** The symbols whose prices may be compared with each other: the largest group that is adjusted in one known way. */
export function comparable(instruments: Instrument[], timeframe: string): string[] {
  const groups = new Map<string, string[]>();
  for (const { symbol, series } of instruments) {
    const mode = series.find((row) => row.timeframe === timeframe)?.adjustment;
    if (mode && mode !== 'UNKNOWN') groups.set(mode, [...(groups.get(mode) ?? []), symbol]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

/** The body of a report, or what stands in its way. */
export function bodyOf(form: Form): { body: NewFactorReport | null; problems: Problems } {
  const problems: Problems = { fields: {}, params: {} };
  const params: Record<string, number> = {};
  for (const [name, text] of Object.entries(form.params)) {
    const rows = whole(text, 0, 5000);
    if (rows === null) problems.params[name] = true;
    else params[name] = rows;
  }
  const horizons = horizonsOf(form.horizons);
  const [start, end] = [form.from ? dateToMs(form.from) : null, form.to ? dateToMs(form.to) : null];
  if (form.instruments.length < LEAST) problems.fields.instruments = true;
  if (horizons === null) problems.fields.horizons = true;
  if (start !== null && end !== null && start >= end) problems.fields.period = true;
  if (horizons === null || Object.keys({ ...problems.fields, ...problems.params }).length) return { body: null, problems };
  const body: NewFactorReport = {
    factor: form.factor,
    instruments: form.instruments,
    timeframe: form.timeframe as Timeframe,
    params,
    start_ts: start,
    end_ts: end === null ? null : end + LAST_MS,
    horizons,
    quantiles: whole(form.quantiles, 2, 10) ?? 5,
    delay: (whole(form.delay, 0, 3) ?? 1) as NewFactorReport['delay']
  };
  return { body, problems };
}
