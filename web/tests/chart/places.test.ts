import { describe, expect, it } from 'vitest';
import { barAt, extremeInside, firstPlace, momentsIn, spansIn } from '../../src/lib/chart/places';

const bars = [10, 20, 30, 40].map((timestamp) => ({ timestamp }));

describe('where a moment lies', () => {
  it('is the last bar that opened by then', () => {
    expect([5, 10, 19, 20, 99].map((ts) => barAt(bars, ts))).toEqual([0, 0, 0, 1, 3]);
    expect(barAt([], 5)).toBe(0);
  });

  it('is found by halving, whatever the length', () => {
    for (const length of [0, 1, 2, 7, 1000]) {
      for (const answer of [0, 1, Math.floor(length / 2), length]) {
        if (answer <= length) expect(firstPlace(length, (place) => place >= answer)).toBe(answer);
      }
    }
  });
});

describe('rows in view', () => {
  const lines = [0, 10, 20, 30].map((start_ts) => ({ start_ts, end_ts: start_ts + 10 }));

  it('are those that touch the time shown, one that spans it all included', () => {
    expect(spansIn(lines, 12, 18)).toEqual([lines[1]]);
    expect(spansIn(lines, 10, 30)).toEqual(lines);
    expect(spansIn(lines, 50, 60)).toEqual([]);
    expect(spansIn([], 0, 1)).toEqual([]);
  });

  it('include moments on either edge', () => {
    const moments = [5, 10, 15].map((ts) => ({ ts }));
    expect(momentsIn(moments, 5, 10)).toEqual(moments.slice(0, 2));
  });
});

describe('the bar that made a coarse bar’s extreme', () => {
  const fine = [
    [0, 5, 3],
    [1, 9, 4],
    [2, 9, 1],
    [3, 20, 0]
  ].map(([timestamp = 0, high = 0, low = 0]) => ({ timestamp, open: low, close: high, high, low }));

  it('is the first one as high, or as low, inside it', () => {
    expect(extremeInside(fine, 0, 3, 'high')).toBe(1);
    expect(extremeInside(fine, 0, 3, 'low')).toBe(2);
  });

  it('never lies beyond the coarse bar or the bars there are', () => {
    expect(extremeInside(fine, 3, 3, 'low')).toBe(3);
    expect(extremeInside(fine, 9, 3, 'low')).toBe(3);
  });
});
