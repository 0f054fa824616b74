import { describe, expect, it } from 'vitest';
import type { ParamSpec } from '../../src/lib/api/types';
import { bodyOf, formOf } from '../../src/lib/features/backtests/conditions';

const specs: ParamSpec[] = [{ name: 'fast', type: 'int', default: 20, low: 2, high: 400, step: 1, choices: null, label: { zh: '快线', en: 'Fast' } }];
const asked = { instruments: ['BTC/USDT@binance'], timeframe: '1d', start_ts: Date.UTC(2020, 0, 1), end_ts: Date.UTC(2021, 0, 1) - 1, initial_capital: '100000', fee: 0.001, slippage: 0.0005, fill: 'close', market_rules: false, can_short: true, benchmark: null };
const form = (part = {}) => ({ ...formOf('trend/golden_cross', asked, { fast: '20' }), ...part });

describe('the conditions of a backtest', () => {
  it('come back as they were asked for', () => {
    const { body } = bodyOf(form(), specs);
    expect(body).toEqual({ ...asked, strategy: 'trend/golden_cross', params: { fast: 20 } });
  });

  it('say costs in percent and send fractions', () => {
    expect(form().fee).toBe('0.1');
    expect(bodyOf(form({ fee: '0.07', slippage: '' }), specs).body).toMatchObject({ fee: 0.0007, slippage: 0 });
  });

  it('take the whole last day, and all history when no day is given', () => {
    expect(form().to).toBe('2020-12-31');
    expect(bodyOf(form({ from: '', to: '' }), specs).body).toMatchObject({ start_ts: null, end_ts: null });
  });

  it('name every field that cannot be', () => {
    const bad = form({ instruments: [], from: '2021-02-01', to: '2021-01-01', capital: '0', fee: '11', slippage: '-1', params: { fast: '1' } });
    const { body, problems } = bodyOf(bad, specs);
    expect(body).toBeNull();
    expect(problems).toEqual({ fields: { instruments: true, period: true, capital: true, fee: true, slippage: true }, params: { fast: 'tooLow' } });
  });

  it('accept commas in the capital', () => {
    expect(bodyOf(form({ capital: '1,000,000' }), specs).body?.initial_capital).toBe('1000000');
  });
});
