import { describe, expect, it } from 'vitest';
import { checkFill, draftFor, leftAfter, localTime, type FillDraft } from '../../src/lib/features/tickets/fill';

const NOW = Date.UTC(2024, 5, 3, 6, 30, 15);
const draft = (part: Partial<FillDraft>): FillDraft => ({ quantity: '100', price: '15.3', fee: '', time: localTime(NOW), tradeId: '', ...part });

describe('a fill of a ticket', () => {
  it('begins with the exact rest, at the ticket’s price, now', () => {
    const begun = draftFor({ quantity: '0.3', filled: '0.1', price: '15.30' }, NOW);
    expect([begun.quantity, begun.price, begun.fee, begun.tradeId]).toEqual(['0.2', '15.30', '', '']);
    expect(new Date(begun.time).getTime()).toBe(NOW);
    expect(draftFor({ quantity: '5', filled: '0', price: null }, NOW).price).toBe('');
  });

  it('is said as plain decimals, and without a fee as one of zero', () => {
    const { said, problems } = checkFill(draft({ quantity: '1,000', price: '15.30', tradeId: ' A-1 ' }), '1000', NOW);
    expect(problems).toEqual({});
    expect(said).toEqual({ quantity: '1000', price: '15.30', fee: '0', ts: NOW, trade_id: 'A-1' });
  });

  it('names everything that cannot be', () => {
    const { said, problems } = checkFill(draft({ quantity: '101', price: '0', fee: '-1', time: '', tradeId: '第 1 笔' }), '100', NOW);
    expect(said).toBeNull();
    expect(problems).toEqual({ quantity: 'mostLeft', price: 'needNumber', fee: 'needFee', time: 'needTime', tradeId: 'badTradeId' });
    expect(checkFill(draft({ quantity: 'ten' }), '100', NOW).problems).toEqual({ quantity: 'needNumber' });
  });

  it('cannot lie in the future, but clocks may differ by a minute', () => {
    expect(checkFill(draft({ time: localTime(NOW + 59_000) }), '100', NOW).problems).toEqual({});
    expect(checkFill(draft({ time: localTime(NOW + 3_600_000) }), '100', NOW).problems).toEqual({ time: 'future' });
  });

  it('says what stays open after it', () => {
    expect([leftAfter('40', '100'), leftAfter('100', '100.0'), leftAfter('101', '100'), leftAfter('x', '100'), leftAfter('0', '100')]).toEqual(['60', '0', null, null, null]);
  });
});
