import { describe, expect, it } from 'vitest';
import type { Signal } from '../../src/lib/api/types';
import { codeOf, comparedOf, isOpen, reasonOf, stepOf } from '../../src/lib/features/signals/told';
import { i18n } from '../../src/lib/i18n/index.svelte';

const check = (code: string, value: string | null = null, limit: string | null = null, step = 6) => ({ step, code, value, limit });

describe('a signal in words', () => {
  it('says its own codes, then those of the risk pipeline, then the code itself', () => {
    i18n.locale = 'en';
    expect(codeOf('late_entry')).toBe('It began too long ago to chase.');
    expect(codeOf('no_fresh_price')).toBe(i18n.t.errors.risk_no_fresh_price);
    expect(codeOf('never_heard_of')).toBe('never_heard_of');
  });

  it('writes shares of equity in per cent and counts as counts, where both numbers are known', () => {
    expect(comparedOf(check('single_order_pct', '0.99899562', '0.2'))).toBe('99.90%, limit 20.00%');
    expect(comparedOf(check('rate_per_minute', '6', '5'))).toBe('6, limit 5');
    expect(comparedOf(check('market_closed'))).toBe('');
  });

  it('names the step that said no, also one it has no name for', () => {
    expect(stepOf(check('x', null, null, -1))).toBe('Before the order');
    expect(stepOf(check('x', null, null, 42))).toBe('Step 42');
  });

  it('keeps the strategy’s own reason where no word is known, and knows what is still open', () => {
    i18n.locale = 'zh-CN';
    expect([reasonOf('the shorter average rose above the longer'), reasonOf('my own reason')]).toEqual(['短均线上穿长均线', 'my own reason']);
    expect((['PENDING', 'VALIDATED', 'EXECUTED', 'EXPIRED'] as const).map((status) => isOpen({ status } as Signal))).toEqual([true, true, false, false]);
  });
});
