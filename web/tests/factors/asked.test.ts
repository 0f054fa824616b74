import { describe, expect, it } from 'vitest';
import { bodyOf, comparable, horizonsOf, paramsOf, whole, type Form } from '../../src/lib/features/factors/asked';
import { reach } from '../../src/lib/features/factors/report';
import type { Factor, Instrument } from '../../src/lib/api/types';

const form = (changes: Partial<Form> = {}): Form => ({
  factor: 'momentum', instruments: ['A', 'B', 'C'], timeframe: '1d', from: '', to: '', horizons: '5, 1', quantiles: '3', delay: '1', params: { lookback: '252', skip: '21' }, ...changes
});

describe('what a factor report is asked for', () => {
  it('becomes a body with rising horizons and a whole last day', () => {
    const { body } = bodyOf(form({ from: '2024-01-01', to: '2024-01-02' }));
    expect(body).toMatchObject({ horizons: [1, 5], quantiles: 3, delay: 1, params: { lookback: 252, skip: 21 }, start_ts: 1_704_067_200_000, end_ts: 1_704_239_999_999 });
  });

  it('names everything that stands in the way', () => {
    const { body, problems } = bodyOf(form({ instruments: ['A', 'B'], horizons: '0', from: '2024-01-02', to: '2024-01-01', params: { lookback: 'x' } }));
    expect(body).toBeNull();
    expect(problems).toEqual({ fields: { instruments: true, horizons: true, period: true }, params: { lookback: true } });
  });

  it('takes horizons as whole numbers, eight at most', () => {
    expect(horizonsOf('20, 1，5 5')).toEqual([1, 5, 20]);
    for (const text of ['', '1.5', '1, x', '1001', '1 2 3 4 5 6 7 8 9']) expect(horizonsOf(text)).toBeNull();
    expect([whole(' 7 ', 0, 9), whole('10', 0, 9), whole('-1', -5, 9)]).toEqual([7, null, null]);
  });

  it('adds only symbols whose prices are adjusted in one known way', () => {
    const held = (symbol: string, adjustment: string, timeframe = '1d') => ({ symbol, series: [{ timeframe, adjustment }] }) as unknown as Instrument;
    const all = [held('A', 'RAW'), held('B', 'SPLIT'), held('C', 'SPLIT'), held('D', 'UNKNOWN'), held('E', 'SPLIT', '1h')];
    expect(comparable(all, '1d')).toEqual(['B', 'C']);
    expect(comparable(all, '1w')).toEqual([]);
  });

  it('starts from the factor’s own windows, and scales bars by the farthest', () => {
    expect(paramsOf({ params: { lookback: 21 } } as unknown as Factor)).toEqual({ lookback: '21' });
    expect(paramsOf(null)).toEqual({});
    expect([reach([1, -3, null, undefined]), reach([null])]).toEqual([3, 1]);
  });
});
