// A timeframe in the chart's own terms.
import type { Period } from 'klinecharts';

const TYPES: Record<string, Period['type']> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month' };

export function periodOf(timeframe: string): Period {
  const match = /^(\d+)([smhdwM])$/.exec(timeframe);
  return { type: TYPES[match?.[2] ?? 'm'] ?? 'minute', span: Number(match?.[1] ?? 1) };
}
