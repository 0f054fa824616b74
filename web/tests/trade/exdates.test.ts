import { describe, expect, it } from 'vitest';
import { endsAtTraded, exDates, keyOf, partsOf, toldOf } from '../../src/lib/features/trade/exdates';
import { zh } from '../../src/lib/i18n/index.svelte';

const DAY = 86_400_000;
const begin = Date.UTC(2024, 5, 24);
const bars = [0, 1, 3, 4].map((day) => ({ timestamp: begin + day * DAY }));
const on = (ex_date: string, part = {}) => ({ ex_date, cash: '0', bonus: '0', rights: '0', rights_price: '0', ratio: null, source: 'import', ...part });

describe('an adjustment', () => {
  it('keeps its name through being taken apart', () => {
    for (const key of ['none', 'forward', 'backward', 'forward-sub', 'backward-sub', 'forward@2024-06-28', 'forward-sub@2024-06-28']) expect(keyOf(partsOf(key))).toBe(key);
    expect(keyOf(partsOf('unknown:none'))).toBe('none');
    expect(keyOf({ direction: 'backward', subtract: false, day: '2024-06-28' })).toBe('backward');
  });

  it('ends at the price that trades only when nothing, or everything before, is put in today’s terms', () => {
    expect(['none', 'forward', 'forward-sub', 'backward', 'forward@2024-06-28'].map(endsAtTraded)).toEqual([true, true, true, false, false]);
  });
});

describe('ex-dates on bars', () => {
  it('lie on the first bar that trades without it, and not before or behind the bars', () => {
    const dates = exDates([on('2024-06-23'), on('2024-06-24'), on('2024-06-26'), on('2024-06-29')], bars);
    expect(dates.map((date) => (date.ts - begin) / DAY)).toEqual([0, 3]);
    expect(exDates([on('2024-06-24')], [])).toEqual([]);
  });

  it('lie on the first bar of their session among bars of a day', () => {
    const intraday = [1.5, 2, 25.5, 26].map((hour) => ({ timestamp: begin + hour * 3_600_000 }));
    expect(exDates([on('2024-06-25')], intraday).map((date) => date.ts)).toEqual([begin + 25.5 * 3_600_000]);
  });

  it('say what went off', () => {
    expect(toldOf(on('2024-06-24', { cash: '2.3', bonus: '0.1' }), zh.trade.adjust)).toBe('除权除息 · 每股派 2.3 · 每股送转 0.1');
    expect(toldOf(on('2024-06-24', { rights: '0.3', rights_price: '9' }), zh.trade.adjust)).toBe('除权除息 · 每股配 0.3，价 9');
  });
});
