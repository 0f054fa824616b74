import { describe, expect, it } from 'vitest';
import { combinations, rangesOf, valuesOf } from '../../src/lib/features/honesty/asked';
import { figureOf, passed, refusalOf, shadeOf, tableOf } from '../../src/lib/features/honesty/passport';
import type { ParamSpec } from '../../src/lib/api/types';

const whole = { name: 'period', type: 'int', default: 20, low: 2, high: 100, label: { zh: '周期', en: 'Period' } } as ParamSpec;
const part = { name: 'width', type: 'float', default: 2, low: 0.1, high: 5, label: { zh: '宽度', en: 'Width' } } as ParamSpec;

describe('the values that were tried', () => {
  it('are numbers within the bounds, rising and each once', () => {
    expect(valuesOf(whole, '30, 10，20 10')).toEqual([10, 20, 30]);
    expect(valuesOf(part, '0.5 2')).toEqual([0.5, 2]);
    expect(valuesOf(whole, '')).toEqual([]);
    for (const text of ['1', '2.5', 'x', '101', '0x10']) expect(valuesOf(whole, text)).toBeNull();
    expect(valuesOf(whole, Array.from({ length: 51 }, (_, at) => at + 2).join(','))).toBeNull();
  });

  it('make ranges of the parameters that have some, and name those that do not fit', () => {
    expect(rangesOf([whole, part], { period: '10, 20', width: '' })).toEqual({ ranges: { period: [10, 20] }, wrong: [] });
    expect(rangesOf([whole, part], { width: 'wide' }).wrong).toEqual(['width']);
    expect(combinations({ a: [1, 2], b: [1, 2, 3] })).toBe(6);
    expect(combinations({})).toBe(1);
  });
});

describe('a passport', () => {
  it('writes counts plainly and shares in per cent', () => {
    expect(figureOf({ question: 'look_ahead', verdict: 'fail', figure: 12 })).toBe('12');
    expect(figureOf({ question: 'market_luck', verdict: 'warn', figure: 0.0312 })).toBe('3.1%');
    expect(figureOf({ question: 'stability', verdict: 'pass', figure: 1 })).toBe('100%');
    expect(figureOf({ question: 'start', verdict: 'unknown', figure: null })).toBe('—');
  });

  it('says why a question could not be asked, also where two rest on one check', () => {
    expect(refusalOf('deflated_sharpe', { overfitting: 'no_candidates' })).toBe('no_candidates');
    expect(refusalOf('market_luck', { market_luck: 'no_dates' })).toBe('no_dates');
    expect(refusalOf('start', {})).toBeNull();
    expect(passed([{ question: 'a', verdict: 'pass', figure: 1 }, { question: 'b', verdict: 'warn', figure: 1 }])).toBe(1);
    expect(passed(null)).toBe(0);
  });

  it('lays its map out by the two parameters with the most values and frames the chosen', () => {
    const points = [10, 20, 30].flatMap((period) => [1, 2].map((width) => ({ period, width, value: period / 10 + width })));
    const [first, ...rest] = [points[3]!, ...points.filter((_, at) => at !== 3)];
    const map = tableOf({ metric: 'sharpe', names: ['width', 'period'], points: [first!, ...rest] });
    expect(map?.across).toBe('period');
    expect(map?.columns).toEqual(['10', '20', '30']);
    expect(map?.rows.map((row) => row.cells.map((cell) => cell?.value))).toEqual([[2, 3, 4], [3, 4, 5]]);
    expect(map?.rows[1]?.cells[1]?.chosen).toBe(true);
    expect(map?.rows[0]?.cells[1]?.chosen).toBe(false);
  });

  it('has a map of one row for one parameter, and none for one point', () => {
    const map = tableOf({ metric: 'sharpe', names: ['period'], points: [{ period: 20, value: 1 }, { period: 10, value: null }] });
    expect(map?.columns).toEqual(['10', '20']);
    expect(map?.rows).toHaveLength(1);
    expect(tableOf({ metric: 'sharpe', names: [], points: [{ value: 1 }] })).toBeNull();
    expect([shadeOf(null, 2), shadeOf(-1, 2), shadeOf(2, 2), shadeOf(1, 0)]).toEqual([10, 10, 88, 10]);
  });
});
