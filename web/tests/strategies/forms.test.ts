import { describe, expect, it } from 'vitest';
import type { Account, Schedule, Strategy } from '../../src/lib/api/types';
import { asNumbers, same } from '../../src/lib/features/strategies/params';
import { draftOf, profileOf } from '../../src/lib/features/strategies/risk';
import { bodyOf, problemsOf, timingOf } from '../../src/lib/features/strategies/schedule';
import { refusing, switchesOf } from '../../src/lib/features/strategies/switches';
import { sharedTimeframes } from '../../src/lib/features/strategies/target';

describe('what is set of a strategy', () => {
  it('says its risk in per cent and keeps what is empty unset', () => {
    const draft = draftOf({ max_position_pct: 0.07, late_bars: 3 });
    expect(draft).toEqual({ max_position_pct: '7', stop_loss_pct: '', price_drift_pct: '', late_bars: '3' });
    expect(profileOf(draft)).toEqual({ profile: { max_position_pct: 0.07, stop_loss_pct: null, price_drift_pct: null, late_bars: 3 }, problems: {} });
    expect(profileOf({ ...draft, stop_loss_pct: '101', late_bars: '0.5' }).problems).toEqual({ stop_loss_pct: 'share', late_bars: 'bars' });
  });

  it('sends fractions as numbers, and tells whether anything changed', () => {
    const specs = [{ name: 'width', type: 'float' }, { name: 'mode', type: 'text' }] as Strategy['params'];
    expect(asNumbers(specs, { width: '0.5', mode: '7' })).toEqual({ width: 0.5, mode: '7' });
    expect([same({ a: 1, b: 2 }, { b: 2, a: 1 }), same({ a: 1 }, { a: 1, b: 2 })]).toEqual([true, false]);
  });

  it('has a schedule by the clock or by the close, whole or not at all', () => {
    const target = { account: '1', instruments: ['A@B'], timeframe: '1d' };
    const fresh = timingOf(null, 'UTC', 'XSHG');
    expect(bodyOf(target, fresh)).toEqual({ account_id: '1', instruments: ['A@B'], timeframe: '1d', calendar: 'XSHG', after_close_min: 5 });
    const known = timingOf({ cron: '0 9 * * *', zone: 'Asia/Tokyo', calendar: null, after_close_min: null } as Schedule, 'UTC', 'XSHG');
    expect(bodyOf(target, { ...known, cron: ' 0  9 * * * ' })).toMatchObject({ cron: '0 9 * * *', zone: 'Asia/Tokyo', calendar: null });
    expect(problemsOf({ ...fresh, minutes: '1441', calendar: '' })).toEqual({ minutes: true, calendar: true });
    expect(problemsOf({ ...known, cron: '0 25 * * *' })).toEqual({ cron: true });
  });

  it('runs over timeframes that all of its instruments have', () => {
    const of = (...frames: string[]) => ({ series: frames.map((timeframe) => ({ timeframe })) }) as never;
    expect(sharedTimeframes([of('1d', '30m'), of('30m', '1d', '1h')])).toEqual(['30m', '1d']);
    expect(sharedTimeframes([of('1d'), of('30m')])).toEqual([]);
    expect(sharedTimeframes([])).toEqual([]);
  });
});

describe('the switches of trading unasked', () => {
  const account = { id: '1', status: 'ACTIVE', trading_mode: 'PAPER' } as Account;
  const strategy = { enabled: true, auto_execute: true, schedule: null } as Strategy;

  it('name the first that says no, in the order in which the platform asks', () => {
    expect(refusing(switchesOf(account, true, strategy))).toBeNull();
    expect(refusing(switchesOf(account, false, { ...strategy, auto_execute: false }))).toBe('user_consent');
    expect(refusing(switchesOf({ ...account, trading_mode: 'DRY_RUN' }, false, strategy))).toBe('account_mode');
    expect(refusing(switchesOf(account, true, { ...strategy, enabled: false }))).toBe('strategy');
  });

  it('leave to later what only a signal can tell', () => {
    const says = Object.fromEntries(switchesOf({ ...account, trading_mode: 'LIVE' }, true, strategy).map((one) => [one.name, one.says]));
    expect(says).toEqual({ server_ceiling: 'later', account_mode: 'yes', user_consent: 'yes', strategy: 'yes', signal: 'later', risk: 'later' });
  });
});
