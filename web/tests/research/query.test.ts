import { describe, expect, it } from 'vitest';
import type { ScreenQuery } from '../../src/lib/api/types';
import { clausesOf, faultOf, newClause, queryOf, sayQuery } from '../../src/lib/features/research/query';
import { en, zh } from '../../src/lib/i18n/index.svelte';

describe('a screen in words', () => {
  it('asks for one condition a clause, and only what the clause is about', () => {
    const query = queryOf([newClause('point', '30m'), { ...newClause('place', '1d'), place: 'below_pivot' }, newClause('direction', '4h'), newClause('ratio', '1h')], 'czsc-6');
    expect(query).toEqual({
      config: 'czsc-6',
      adjust: 'none',
      conditions: [
        { timeframe: '30m', level: 'stroke', point: ['B1', 'B1p', 'B2', 'B2s'], within_bars: 5, stage: 'shown' },
        { timeframe: '1d', level: 'stroke', price: 'below_pivot' },
        { timeframe: '4h', level: 'stroke', direction: 'up' },
        { timeframe: '1h', level: 'stroke', ratio_below: 0.9 }
      ]
    });
  });

  it('comes back from a kept query clause by clause', () => {
    const clauses = [{ ...newClause('point', '1d'), points: ['S2'], within: 20, stage: 'sure' as const, inside: '30m' }, newClause('ratio', '1d')];
    expect(clausesOf(queryOf(clauses, 'CN-STRICT-1'))).toEqual(clauses.map((clause) => (clause.kind === 'ratio' ? { ...newClause('ratio', '1d') } : clause)));
  });

  it('opens a condition that asks several things as so many clauses', () => {
    const kept = { conditions: [{ timeframe: '30m', point: ['B2'], price: 'above_pivot', direction: 'up' }] } as ScreenQuery;
    expect(clausesOf(kept).map((clause) => clause.kind)).toEqual(['point', 'place', 'direction']);
  });

  it('says what it asks in either language', () => {
    const query = queryOf([{ ...newClause('point', '30m'), points: ['B2'], inside: '5m' }, newClause('place', '1d')], 'CN-STRICT-1');
    expect(sayQuery(query, zh, 'zh')).toBe('30m 笔 二买 · 5 根内 · 刚出现 · 5m 里有同向买卖点，且 1d 笔 中枢之上');
    expect(sayQuery(query, en, 'B1')).toBe('30m strokes B2 · within 5 bars · just shown · with a point of the same side on 5m, and 1d strokes above the pivot');
  });

  it('notices what is missing', () => {
    expect(faultOf({ ...newClause('point', '1d'), points: [] })).toBe('points');
    expect(faultOf({ ...newClause('ratio', '1d'), below: 'much' })).toBe('below');
    expect(faultOf(newClause('direction', '1d'))).toBeNull();
  });
});
