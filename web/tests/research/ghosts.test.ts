import { describe, expect, it } from 'vitest';
import type { ChanEvent, ChanPoint } from '../../src/lib/api/types';
import { ghostsOf } from '../../src/lib/features/research/ghosts';
import { structureWith } from './structures';

const event = (part: Partial<ChanEvent>): ChanEvent => ({
  ts: 900, layer: 'point', level: 0, action: 'withdrawn', n: 3, start_ts: 100, end_ts: 500, was_ts: null, kind: 'B1', direction: null, ...part
});
const point: ChanPoint = {
  n: 0, ts: 500, price: '1', kind: 'B1', side: 'buy', line: 0, pivot: null, of_line: null, ratio: null, sure: true, final: false, known_ts: 0, confirmed_ts: null
};

describe('points that were taken back', () => {
  it('are those withdrawn, and those whose place was left for another', () => {
    const ghosts = ghostsOf([event({}), event({ action: 'moved', was_ts: 400, kind: 'S2' })], null);
    expect(ghosts.map((row) => [row.ts, row.kind, row.side])).toEqual([[500, 'B1', 'buy'], [400, 'S2', 'sell']]);
  });

  it('are told once, however often they came and went', () => {
    expect(ghostsOf([event({}), event({ ts: 800 })], null)).toHaveLength(1);
  });

  it('are none that stand there again, at the same level', () => {
    expect(ghostsOf([event({})], structureWith({ points: [point] }))).toEqual([]);
    expect(ghostsOf([event({ level: 1 })], structureWith({ points: [point] }))).toHaveLength(1);
  });

  it('are only points, and only those that went', () => {
    expect(ghostsOf([event({ layer: 'stroke', kind: null }), event({ action: 'seen' }), event({ action: 'final' })], null)).toEqual([]);
  });
});
