import { describe, expect, it } from 'vitest';
import { distancePct, mainFact } from '../../src/lib/features/research/facts';
import { miniOf } from '../../src/lib/features/research/mini';
import type { ScreenFact, ScreenMatch } from '../../src/lib/api/types';

const bars = Array.from({ length: 10 }, (_, i) => ({ timestamp: i * 10, open: 10 + i, close: 11 + i, high: 12 + i, low: 9 + i }));
const life = { sure: true, final: true, known_ts: 0, confirmed_ts: 0 };
const stroke = { n: 0, start_ts: -50, end_ts: 40, start_price: '10', end_price: '16', direction: 'up' as const, ...life };

describe('a chart the size of a row', () => {
  it('stays within its frame, strokes that began earlier included', () => {
    const mini = miniOf(bars, { strokes: [stroke, { ...stroke, start_ts: 40, end_ts: 90, sure: false }], pivots: [] }, { width: 100, height: 40 }, { ts: 40, price: '16' });
    const numbers = [...`${mini.up}${mini.solid}${mini.dashed}`.matchAll(/-?[\d.]+/g)].map(Number);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(100);
    expect(mini.down).toBe('');
    expect(mini.dashed).not.toBe('');
    expect(mini.dot?.x).toBe(45);
  });

  it('is empty without bars and marks nothing that lies before them', () => {
    expect(miniOf([], null, { width: 10, height: 10 }).up).toBe('');
    expect(miniOf(bars, null, { width: 10, height: 10 }, { ts: -5, price: '1' }).dot).toBeNull();
  });
});

describe('the facts of a match', () => {
  const fact = (part: Partial<ScreenFact>): ScreenFact => ({ timeframe: '1d', level: 'stroke', ts: 0, close: '110', ...part });
  const point = { kind: 'B1' as const, ts: 0, price: '100', ratio: null, stage: 'shown' as const, age: 2 };

  it('lead with the one that found a point', () => {
    const match = { facts: [fact({ direction: 'up' }), fact({ point })] } as unknown as ScreenMatch;
    expect(mainFact(match)?.point).toBe(point);
  });

  it('say how far the price has gone from it', () => {
    expect(distancePct(fact({ point }))).toBeCloseTo(10);
    expect(distancePct(fact({}))).toBeNull();
  });
});
