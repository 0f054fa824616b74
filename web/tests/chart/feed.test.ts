import { describe, expect, it } from 'vitest';
import { shownTs, toBar } from '../../src/lib/chart/feed';
import { foldBars } from '../../src/lib/chart/fold';

const HOUR = 3_600_000;
const row = (hour: number): [number, string, string, string, string, string] => [hour * HOUR, '10', '12', '9', '11', '5'];

describe('the time that stands for a bar', () => {
  it('is its open, or its end where bars are named by it', () => {
    expect(shownTs(toBar(row(3)))).toBe(3 * HOUR);
    expect(shownTs(toBar(row(3), 4 * HOUR))).toBe(4 * HOUR);
    expect(shownTs(null)).toBeUndefined();
  });

  it('is the end of the last one when several are drawn as one', () => {
    const bars = [0, 1, 2, 3].map((hour) => toBar(row(hour), (hour + 1) * HOUR));
    expect(foldBars(bars, [], 2 * HOUR).map(shownTs)).toEqual([2 * HOUR, 4 * HOUR]);
  });
});
