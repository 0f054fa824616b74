import type { Instrument } from '$lib/api/types';

/** The name of the source a stored series came from, or an empty text. */
export function sourceName(instrument: Instrument | null, timeframe: string): string {
  return instrument?.series.find((row) => row.timeframe === timeframe)?.source_name ?? '';
}
