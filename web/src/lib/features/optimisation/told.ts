// A search in words: its parameters by their names, its points, its budget.
import { written } from '$features/backtests/figures';
import { nameOf } from '$features/backtests/told';
import { strategies } from '$features/sessions/strategies.svelte';
import type { Optimisation } from '$lib/api/types';
import { plain } from '$lib/format/numbers';
import { i18n } from '$lib/i18n/index.svelte';

export { nameOf };
export const metricOf = (search: Optimisation): string => String(search.asked.metric ?? 'sharpe');
export const trialsOf = (search: Optimisation): number => Number(search.asked.trials ?? 0);
export const metricName = (key: string): string => i18n.t.backtests.metrics[key] ?? key;

export function paramName(strategy: string, name: string): string {
  return i18n.pick(strategies.find(strategy)?.params.find((spec) => spec.name === name)?.label, name);
}

export function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '✓' : '✗';
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}

export function pointText(strategy: string, point: Record<string, unknown>): string {
  return Object.entries(point)
    .map(([name, value]) => `${paramName(strategy, name)} ${valueText(value)}`)
    .join(' · ');
}

export function bestText(search: Optimisation): string {
  return search.best ? written(metricOf(search), search.best.figure) : '—';
}

export function conditionsText(search: Optimisation): string[] {
  const known = (name: unknown) => (typeof name === 'string' ? (i18n.t.backtests.metrics[name] ?? paramName(search.strategy, name)) : plain(Number(name), 4).replace(/\.?0+$/, ''));
  const all = Array.isArray(search.asked.constraints) ? (search.asked.constraints as { left: string; op: string; right: string | number }[]) : [];
  return all.map((one) => `${known(one.left)} ${one.op} ${known(one.right)}`);
}
