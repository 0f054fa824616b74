// What a run looks at, and for whom: an account, instruments and a timeframe that all of them have bars of.
import type { Instrument } from '$lib/api/types';
import { PERIODS } from '$features/market/market.svelte';

export type Target = { account: string; instruments: string[]; timeframe: string };

/** Only timeframes that every one of them has bars of can be run together. */
export function sharedTimeframes(found: (Pick<Instrument, 'series'> | null)[]): string[] {
  const stored = found.map((item) => new Set<string>(item?.series.map((row) => row.timeframe) ?? []));
  return PERIODS.filter((period) => stored.length > 0 && stored.every((one) => one.has(period)));
}

export const complete = (target: Target): boolean => Boolean(target.account && target.instruments.length && target.timeframe);
