import { describe, expect, it } from 'vitest';
import { foldBars, foldFor } from '../../src/lib/chart/fold';
import { macdRows } from '../../src/lib/chart/macd';

const bars = Array.from({ length: 1000 }, (_, i) => {
  const open = 100 + Math.sin(i / 7) * 5;
  const close = 100 + Math.sin((i + 1) / 7) * 5;
  return { timestamp: i * 60_000, open, close, high: Math.max(open, close) + (i % 3), low: Math.min(open, close) - (i % 5), volume: i };
});
const rows = macdRows(bars.map((bar) => bar.close));

describe('bars drawn as one', () => {
  const drawn = foldBars(bars, rows, 8 * 60_000);

  it('keep the first open, the extremes, the last close and all volume', () => {
    const eight = bars.slice(8, 16);
    expect(drawn[1]).toMatchObject({
      timestamp: 8 * 60_000,
      bars: 8,
      open: eight[0]?.open,
      close: eight[7]?.close,
      high: Math.max(...eight.map((bar) => bar.high)),
      low: Math.min(...eight.map((bar) => bar.low)),
      volume: eight.reduce((sum, bar) => sum + bar.volume, 0)
    });
    expect(drawn.reduce((sum, bar) => sum + (bar.bars ?? 0), 0)).toBe(bars.length);
  });

  it('keep the newest averages and the tallest bar of the histogram', () => {
    const eight = rows.slice(8, 16);
    expect(drawn[1]?.dif).toBe(eight[7]?.dif);
    expect(Math.abs(drawn[1]?.hist ?? 0)).toBe(Math.max(...eight.map((row) => Math.abs(row.hist))));
  });

  it('are the same whatever is loaded before or after them', () => {
    const part = foldBars(bars.slice(16, 80), rows.slice(16, 80), 8 * 60_000);
    expect(part).toEqual(drawn.slice(2, 10));
  });

  it('leave the bars they were made of alone', () => {
    expect(bars[8]).not.toHaveProperty('bars');
    expect(bars[8]?.high).toBe(Math.max(bars[8]?.open ?? 0, bars[8]?.close ?? 0) + 2);
  });
});

describe('how many bars are drawn as one', () => {
  it('follows the zoom in both directions', () => {
    expect(foldFor(1, 3)).toBe(1);
    expect(foldFor(1, 0.7)).toBe(2);
    expect(foldFor(2, 0.3)).toBe(8);
    expect(foldFor(8, 5)).toBe(2);
    expect(foldFor(8, 40)).toBe(1);
  });

  it('does not change back at once after a change', () => {
    for (const [fold, step] of [[1, 0.74], [4, 0.5], [4, 2.5], [2, 30]] as const) {
      const next = foldFor(fold, step);
      expect(foldFor(next, (step * next) / fold)).toBe(next);
    }
  });
});
