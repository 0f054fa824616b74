import { describe, expect, it } from 'vitest';
import { forceOf } from '../../src/lib/features/trade/compared';
import { macdRows } from '../../src/lib/chart/macd';

describe('the force of a stroke', () => {
  const rows = [1, -2, -5, -3, 4].map((hist) => ({ dif: 0, dea: 0, hist }));

  it('counts only the bars on its own side of zero', () => {
    expect(forceOf(rows, 0, 4, 'down')).toEqual({ area: 10, peak: 5 });
    expect(forceOf(rows, 0, 4, 'up')).toEqual({ area: 5, peak: 4 });
  });

  it('stays within the rows it has', () => {
    expect(forceOf(rows, -3, 99, 'up')).toEqual({ area: 5, peak: 4 });
    expect(forceOf([], 0, 3, 'up')).toEqual({ area: 0, peak: 0 });
  });
});

describe('MACD', () => {
  it('is zero on a flat series and positive on a rising one', () => {
    expect(macdRows([5, 5, 5, 5]).every((row) => row.hist === 0 && row.dif === 0)).toBe(true);
    const rising = macdRows(Array.from({ length: 60 }, (_, i) => 100 + i));
    expect(rising.at(-1)?.dif).toBeGreaterThan(0);
  });

  it('doubles the distance of its lines, as Chinese terminals do', () => {
    const [, row] = macdRows([10, 11]);
    expect(row?.hist).toBeCloseTo(2 * ((row?.dif ?? 0) - (row?.dea ?? 0)), 12);
    expect(row?.dif).toBeCloseTo(2 / 13 - 2 / 27, 12);
  });
});
