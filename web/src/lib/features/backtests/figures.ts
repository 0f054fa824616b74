// How each metric is written: a share of one, a ratio, money or a count, and whether its sign has a direction.
import { inPercent, percent, plain, share, signed, signOf } from '$lib/format/numbers';

type Kind = 'gain' | 'loss' | 'share' | 'ratio' | 'money' | 'profit' | 'count';

const KINDS: Record<string, Kind> = {
  total_return: 'gain',
  cagr: 'gain',
  benchmark_return: 'gain',
  alpha: 'gain',
  max_drawdown: 'loss',
  volatility: 'share',
  win_rate: 'share',
  time_in_market: 'share',
  gross_exposure: 'share',
  margin_used: 'share',
  ulcer_index: 'share',
  final_equity: 'money',
  fees: 'money',
  expectancy: 'profit',
  best_trade: 'profit',
  worst_trade: 'profit',
  trades: 'count',
  open_trades: 'count',
  bars: 'count',
  mean_bars_held: 'count'
};

type Value = number | null | undefined;

/** A drawdown comes as a positive depth and is written below zero. */
export function written(metric: string, value: Value): string {
  switch (KINDS[metric] ?? 'ratio') {
    case 'gain':
      return percent(inPercent(value), 1);
    case 'loss':
      return percent(inPercent(value === null || value === undefined ? null : -value), 1);
    case 'share':
      return share(inPercent(value), 1);
    case 'money':
      return plain(value, 0);
    case 'profit':
      return signed(value, 0);
    case 'count':
      return plain(value, 0);
    default:
      return plain(value, 2);
  }
}

/** Its direction for colour; only what was won or lost has one. */
export function direction(metric: string, value: Value): -1 | 0 | 1 {
  const kind = KINDS[metric];
  if (kind === 'loss') return signOf(value) === 0 ? 0 : -1;
  return kind === 'gain' || kind === 'profit' ? signOf(value) : 0;
}

export const toneOf = (sign: number): string => (sign > 0 ? 'text-up' : sign < 0 ? 'text-down' : '');

const LESS_IS_BETTER = new Set(['max_drawdown', 'volatility', 'ulcer_index', 'fees']);
const NEITHER = new Set(['bars', 'trades', 'open_trades', 'time_in_market', 'gross_exposure', 'margin_used', 'turnover', 'mean_bars_held', 'beta', 'r2', 'benchmark_return']);

/** The places of the best values of a row; none where more is neither better nor worse, or all are alike. */
export function best(metric: string, values: Value[]): number[] {
  const known = values.filter((value): value is number => typeof value === 'number');
  if (NEITHER.has(metric) || known.length < 2) return [];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  if (low === high) return [];
  const wanted = LESS_IS_BETTER.has(metric) ? low : high;
  return values.flatMap((value, place) => (value === wanted ? [place] : []));
}
