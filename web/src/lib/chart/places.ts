// Where a moment lies among bars or rows: everything on the chart is in the order of time, so halving finds it.
import type { KLineData } from 'klinecharts';

/** The first place for which `passed` holds; `length` when there is none. `passed` is false, then true. */
export function firstPlace(length: number, passed: (place: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passed(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Place of the last bar that opened at or before `ts`; 0 when `ts` lies before them all. */
export function barAt(bars: readonly Pick<KLineData, 'timestamp'>[], ts: number): number {
  return Math.max(0, firstPlace(bars.length, (place) => (bars[place]?.timestamp ?? Infinity) > ts) - 1);
}

type Spanning = { start_ts: number; end_ts: number };

/** The rows that touch the time from `from` to `to`. Rows follow each other in time and may share an end. */
export function spansIn<R extends Spanning>(rows: readonly R[], from: number, to: number): R[] {
  const first = firstPlace(rows.length, (place) => (rows[place]?.end_ts ?? Infinity) >= from);
  const end = firstPlace(rows.length, (place) => (rows[place]?.start_ts ?? Infinity) > to);
  return rows.slice(first, Math.max(first, end));
}

/** The rows whose moment lies between `from` and `to`, both included. */
export function momentsIn<R extends { ts: number }>(rows: readonly R[], from: number, to: number): R[] {
  const first = firstPlace(rows.length, (place) => (rows[place]?.ts ?? Infinity) >= from);
  const end = firstPlace(rows.length, (place) => (rows[place]?.ts ?? Infinity) > to);
  return rows.slice(first, Math.max(first, end));
}

/**
 * Place of the bar inside one bar of a coarser period that made its extreme: the period's row says when it opened, the
 * finer bars say where inside. The first of equals; the period's first bar when none reaches the price.
 */
export function extremeInside(bars: readonly KLineData[], ts: number, lengthMs: number, side: 'high' | 'low'): number {
  const first = firstPlace(bars.length, (place) => (bars[place]?.timestamp ?? Infinity) >= ts);
  const end = firstPlace(bars.length, (place) => (bars[place]?.timestamp ?? Infinity) >= ts + lengthMs);
  let best = Math.min(first, Math.max(0, bars.length - 1));
  for (let place = first + 1; place < end; place += 1) {
    const [bar, top] = [bars[place], bars[best]];
    if (bar && top && (side === 'high' ? bar.high > top.high : bar.low < top.low)) best = place;
  }
  return best;
}
