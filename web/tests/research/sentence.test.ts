import { describe, expect, it } from 'vitest';
import type { ChanSentence, Structure } from '../../src/lib/api/types';
import { pointName, sentence } from '../../src/lib/features/research/sentence';
import { en, zh } from '../../src/lib/i18n/index.svelte';
import { structureWith } from './structures';

const withState = (state: ChanSentence | null): Structure => structureWith({ state });
const leaving: ChanSentence = { key: 'leaving_down', direction: 'down', pivots: 2, ratio: 0.44, point: { kind: 'B1', sure: false }, sure: false };

describe('the sentence that says where the price is', () => {
  it('reads as in the design', () => {
    expect(sentence(withState(leaving), zh.chan, 'B1')).toBe('下跌走势 · 离开第 2 中枢 · 力度比 0.44 · B1 未确认');
    expect(sentence(withState(leaving), en.chan, 'B1')).toBe('Downtrend · leaving pivot 2 · ratio 0.44 · B1 provisional');
  });

  it('is short on a phone and keeps the question mark', () => {
    expect(sentence(withState(leaving), zh.chan, 'B1', true)).toBe('下跌 · 离开第 2 中枢 · 力度比 0.44 · B1?');
  });

  it('calls the share of a second point what it is, not a ratio of forces', () => {
    const state: ChanSentence = { ...leaving, key: 'up', ratio: 0.6182, point: { kind: 'B2', sure: true } };
    expect(sentence(withState(state), zh.chan, 'B1')).toContain('回吐 62%');
    expect(sentence(withState(state), en.chan, 'B1')).toContain('62% given back');
  });

  it('speaks of a stroke while there is no trend', () => {
    const state: ChanSentence = { key: 'up', direction: 'up', pivots: 0, ratio: null, point: null, sure: false };
    expect(sentence(withState(state), zh.chan, 'B1')).toBe('向上笔');
  });

  it('says so when there is nothing yet', () => {
    expect(sentence(null, zh.chan, 'B1')).toBe('还没有成笔');
    expect(sentence(withState(null), en.chan, 'B1')).toBe('No stroke yet');
  });

  it('says how few bars there are when none can be drawn from', () => {
    expect(sentence({ ...withState(null), bars: 1 }, en.chan, 'B1')).toBe('Only 1 bar: no structure yet. A fractal takes at least 3.');
  });

  it('writes points in either way', () => {
    expect(pointName('B1', zh.chan, 'zh')).toBe('一买');
    expect(pointName('B1', zh.chan, 'B1')).toBe('B1');
    expect(pointName('X9', zh.chan, 'zh')).toBe('X9');
  });
});
