// A passport in words: its symbols, timeframe and parameters.
import { aliasOf } from '$features/backtests/told';
import { strategies } from '$features/sessions/strategies.svelte';
import type { PassportRow } from '$lib/api/types';
import { stamp } from '$lib/format/times';
import { i18n } from '$lib/i18n/index.svelte';

export function placeOf({ asked }: PassportRow): string {
  const names = Array.isArray(asked.instruments) ? asked.instruments.map((one) => aliasOf(String(one))) : [];
  return `${names.length > 3 ? i18n.t.backtests.others(names[0] ?? '', names.length) : names.join(' ')} · ${String(asked.timeframe)}`;
}

export const labelOf = (strategy: string, name: string): string => i18n.pick(strategies.find(strategy)?.params.find((spec) => spec.name === name)?.label, name);

export function paramsOf(row: PassportRow, params: Record<string, unknown> | null): string {
  const values = Object.entries(params ?? (row.asked.params as Record<string, unknown>) ?? {});
  return values.map(([name, value]) => `${labelOf(row.strategy, name)} ${String(value)}`).join(' · ');
}

export function periodOf({ asked }: PassportRow): string {
  const ends = [asked.start_ts, asked.end_ts].map((ts) => (typeof ts === 'number' ? stamp(ts, 'day', 'UTC') : ''));
  return ends.some(Boolean) ? `${ends[0] || '…'} → ${ends[1] || '…'}` : i18n.t.backtests.whole;
}
