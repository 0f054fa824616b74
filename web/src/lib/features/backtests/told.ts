// A run in words: its symbols, its period and the conditions that decide whether it can be compared with another.
import { market } from '$features/market/market.svelte';
import { strategies } from '$features/sessions/strategies.svelte';
import type { Backtest } from '$lib/api/types';
import { plain, share } from '$lib/format/numbers';
import { stamp } from '$lib/format/times';
import { i18n } from '$lib/i18n/index.svelte';

export const nameOf = (key: string): string => i18n.pick(strategies.find(key)?.label, key);
export const aliasOf = (symbol: string): string => market.find(symbol)?.alias ?? symbol;

export function instrumentsOf(run: Backtest): string {
  const names = Array.isArray(run.asked.instruments) ? run.asked.instruments.map((one) => aliasOf(String(one))) : [];
  return names.length > 3 ? i18n.t.backtests.others(names[0] ?? '', names.length) : names.join(' ');
}

export const timeframeOf = (run: Backtest): string => String(run.asked.timeframe ?? '');

export function periodOf(run: Backtest, first: number | null = null, last: number | null = null): string {
  const ends = [run.asked.start_ts ?? first, run.asked.end_ts ?? last].map((ts) => (typeof ts === 'number' ? stamp(ts, 'day', 'UTC') : ''));
  return ends.some(Boolean) ? `${ends[0] || '…'} → ${ends[1] || '…'}` : i18n.t.backtests.whole;
}

export function paramsOf(run: Backtest, params: Record<string, unknown> | null = null): string {
  const specs = strategies.find(run.strategy)?.params ?? [];
  const values = Object.entries(params ?? (run.asked.params as Record<string, unknown>) ?? {});
  return values.map(([name, value]) => `${i18n.pick(specs.find((spec) => spec.name === name)?.label, name)} ${String(value)}`).join(' · ');
}

export function conditionsOf(run: Backtest): string {
  const t = i18n.t.backtests;
  const { asked } = run;
  return [
    `${t.capital} ${plain(String(asked.initial_capital), 0)}`,
    t.fills[String(asked.fill)],
    `${t.fee.replace(' %', '')} ${share(Number(asked.fee) * 100)}`,
    `${t.slippage.replace(' %', '')} ${share(Number(asked.slippage) * 100)}`,
    asked.can_short ? t.short : t.longOnly,
    asked.market_rules ? t.rules : t.noRules
  ].join(' · ');
}
