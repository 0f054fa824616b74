import { describe, expect, it } from 'vitest';
import { aligned } from '../../src/lib/features/backtests/aligned';
import { best, direction, written } from '../../src/lib/features/backtests/figures';
import { en, zh } from '../../src/lib/i18n/index.svelte';
import { heat, noteText, obstacles, sorted, type Trade } from '../../src/lib/features/backtests/report';

const trade = (part: Partial<Trade>): Trade => ({ instrument: 'BTC/USDT@binance', side: 'BUY', quantity: 1, entry_ts: 0, exit_ts: 1, entry_price: 1, exit_price: 2, fees: 0, pnl: 1, return: 1, bars: 1, mfe: null, mae: null, ...part });

describe('a figure of a report', () => {
  it('is written as what it is: a share, a ratio, money or a count', () => {
    expect(written('total_return', 1.9356)).toBe('+193.6%');
    expect(written('max_drawdown', 0.2036)).toBe('−20.4%');
    expect(written('max_drawdown', 0)).toBe('0.0%');
    expect(written('sharpe', 0.538)).toBe('0.54');
    expect(written('final_equity', 2935580.4)).toBe('2,935,580');
    expect(written('trades', 9)).toBe('9');
  });

  it('that cannot be told is a dash, never a zero', () => {
    for (const metric of ['total_return', 'max_drawdown', 'sharpe', 'fees', 'trades', 'expectancy']) expect(written(metric, null)).toBe('—');
  });

  it('has a direction only where something was won or lost', () => {
    expect(direction('total_return', 0.1)).toBe(1);
    expect(direction('max_drawdown', 0.1)).toBe(-1);
    expect(direction('max_drawdown', 0)).toBe(0);
    expect(direction('sharpe', -1)).toBe(0);
  });

  it('is the best of its row by its own sense, and of no row where more is neither better nor worse', () => {
    expect(best('sharpe', [0.5, 1.2, null])).toEqual([1]);
    expect(best('max_drawdown', [0.5, 0.2])).toEqual([1]);
    expect(best('trades', [5, 9])).toEqual([]);
    expect(best('sharpe', [1, 1])).toEqual([]);
  });
});

describe('the trades of a report', () => {
  it('are sorted either way, with what cannot be told last', () => {
    const trades = [trade({ return: 0.1 }), trade({ return: null }), trade({ return: -0.2 })];
    expect(sorted(trades, { key: 'return', down: true }).map((row) => row.return)).toEqual([0.1, -0.2, null]);
    expect(sorted(trades, { key: 'return', down: false }).map((row) => row.return)).toEqual([-0.2, 0.1, null]);
  });
});

describe('the heat of a month', () => {
  it('runs from 10 to 88 percent and is clipped at a fifth', () => {
    expect([heat(0), heat(0.1), heat(-0.2), heat(3), heat(null)]).toEqual([10, 49, 88, 88, 0]);
  });
});

describe('what could not be filled', () => {
  it('is told per obstacle for entries and exits together', () => {
    const side = (reasons: Record<string, number>) => ({ asked: 9, unfilled: 2, never: 0, reasons });
    expect(obstacles({ entries: side({ limit: 2 }), exits: side({ limit: 1, lot: 1 }) })).toEqual([
      ['limit', 2, 1],
      ['lot', 0, 1]
    ]);
  });
});

describe('curves of several runs', () => {
  it('share one axis, keep their last value between their own times and have none outside their period', () => {
    const { ts, values } = aligned([
      { ts: [1, 3], equity: [100, 110] },
      { ts: [2, 3, 4], equity: [50, 25, 75] }
    ]);
    expect(ts).toEqual([1, 2, 3, 4]);
    expect(values[0]?.map((value) => value && Math.round(value))).toEqual([0, 0, 10, null]);
    expect(values[1]).toEqual([null, 0, -50, 50]);
  });
});

describe('a note', () => {
  it('says its numbers in both languages, shares of one in per cent', () => {
    const note = { code: 'option_costs', params: { half_spread: 0.1, half_share: 0.006, dividend: 0.018 } };
    expect(noteText(note, en.backtests.notes)).toBe('Half the spread was 0.1 and 0.6% of the price; dividends were taken as 1.8% a year.');
    expect(noteText(note, zh.backtests.notes)).toContain('0.6%');
  });

  it('of an older report is shown as it was written', () => expect(noteText('A sentence.', en.backtests.notes)).toBe('A sentence.'));

  it('leaves no place unfilled in either language', () => {
    for (const words of [en.backtests.notes, zh.backtests.notes])
      for (const [code, text] of Object.entries(words)) {
        const params = Object.fromEntries([...text.matchAll(/\{(\w+)%?\}/g)].map(([, name]) => [name, 3]));
        expect(noteText({ code, params }, words)).not.toMatch(/[{}]/);
      }
  });
});
