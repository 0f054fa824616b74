// More bars than pixels: several bars in a row become one, so that the chart never draws more than the screen can show.
import type { KLineData } from 'klinecharts';
import type { MacdRow } from './macd';

/** One drawn bar; `bars` says how many it stands for, the MACD figures are those of the bars themselves. */
export type DrawnBar = KLineData & { bars?: number } & Partial<MacdRow>;

/**
 * Bars that opened in the same stretch of `spanMs` as one: the first open, the extremes, the last close, all volume.
 * Stretches begin at fixed moments, so the same bars meet whatever is loaded before or after them. `rows` is the MACD
 * of `bars`; of it the newest averages stay and the bar of the histogram that reached farthest.
 */
export function foldBars(bars: readonly KLineData[], rows: readonly MacdRow[], spanMs: number): DrawnBar[] {
  const drawn: DrawnBar[] = [];
  let stretch = NaN;
  bars.forEach((bar, place) => {
    const here = Math.floor(bar.timestamp / spanMs);
    const row = rows[place];
    const last = drawn.at(-1);
    if (here !== stretch || !last) {
      stretch = here;
      drawn.push({ ...bar, bars: 1, ...row });
      return;
    }
    last.high = Math.max(last.high, bar.high);
    last.low = Math.min(last.low, bar.low);
    last.close = bar.close;
    if (bar.label !== undefined) last.label = bar.label;
    last.volume = (last.volume ?? 0) + (bar.volume ?? 0);
    last.bars = (last.bars ?? 1) + 1;
    last.dif = row?.dif;
    last.dea = row?.dea;
    if (Math.abs(row?.hist ?? 0) > Math.abs(last.hist ?? 0)) last.hist = row?.hist;
  });
  return drawn;
}

/** Between these widths of a bar, in pixels, nothing changes: going from one to the other and back does not flicker. */
const NARROWEST_PX = 0.75;
const WIDEST_PX = 2.4;

/** How many bars should be drawn as one, when they are `fold` now and `step` pixels wide; a power of two. */
export function foldFor(fold: number, step: number): number {
  let next = fold;
  let width = step;
  while (width < NARROWEST_PX) {
    next *= 2;
    width *= 2;
  }
  while (next > 1 && width > WIDEST_PX) {
    next /= 2;
    width /= 2;
  }
  return next;
}
