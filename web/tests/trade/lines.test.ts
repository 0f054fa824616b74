import { describe, expect, it } from 'vitest';
import type { Order, Position } from '../../src/lib/api/types';
import { linesOf, spread } from '../../src/lib/features/trade/lines';

const ETH = 'ETH/USDT@binance';
const position = { account_id: '1', instrument: ETH, quantity: '8.510', direction: 'LONG', average_price: '1846.00', unrealised: '164.58', stop: null, take: null } as Position;
const order = (part: Partial<Order>): Order => ({ id: '1', instrument: ETH, side: 'SELL', type: 'STOP', quantity: '8.510', price: null, stop_price: null, role: 'STOP', status: 'LIVE', ...part }) as Order;

describe('price lines', () => {
  it('show the position with its stop and take, in money and in R', () => {
    const lines = linesOf(ETH, [position], [order({ stop_price: '1822.50' }), order({ id: '2', role: 'TAKE', type: 'LIMIT', price: '1962.06' })]);
    expect(lines.map((line) => line.kind)).toEqual(['position', 'stop', 'take']);
    expect(lines[1]?.gain).toBeCloseTo(-199.985);
    expect(lines[1]?.multiple).toBeCloseTo(-1);
    expect(lines[2]?.gain).toBeCloseTo(987.67, 1);
    expect(lines[0]?.multiple).toBeCloseTo(0.82, 2);
  });

  it('draw a working entry without pretending to know its gain', () => {
    const [line] = linesOf(ETH, [], [order({ role: 'ENTRY', side: 'BUY', type: 'LIMIT', price: '1846.00' })]);
    expect(line).toMatchObject({ kind: 'entry', price: '1846.00', gain: null, multiple: null });
  });

  it('fall back on the stop that the position itself names, once', () => {
    const lines = linesOf(ETH, [{ ...position, stop: '1822.50' }], [order({ stop_price: '1822.50' })]);
    expect(lines.filter((line) => line.kind === 'stop')).toHaveLength(1);
    expect(linesOf(ETH, [{ ...position, stop: '1822.50' }], []).map((line) => line.kind)).toEqual(['position', 'stop']);
  });

  it('turn around for a short', () => {
    const short = { ...position, quantity: '-2', direction: 'SHORT', average_price: '100', unrealised: '10' } as Position;
    const [, stop] = linesOf(ETH, [short], [order({ side: 'BUY', stop_price: '110' })]);
    expect(stop?.gain).toBe(-20);
  });

  it('leave other instruments and flat positions alone', () => {
    expect(linesOf('BTC/USDT@binance', [position], [order({ stop_price: '1' })])).toEqual([]);
    expect(linesOf(ETH, [{ ...position, quantity: '0' }], [])).toEqual([]);
  });
});

describe('labels on lines', () => {
  it('never cover one another and stay inside', () => {
    const at = spread([{ id: 'a', y: 100 }, { id: 'b', y: 104 }, { id: 'c', y: 99 }, { id: 'd', y: 396 }, { id: 'e', y: 399 }], 400);
    const ys = [...at.values()].sort((a, b) => a - b);
    for (let i = 1; i < ys.length; i += 1) expect((ys[i] as number) - (ys[i - 1] as number)).toBeGreaterThanOrEqual(22);
    expect(Math.min(...ys)).toBeGreaterThanOrEqual(11);
    expect(Math.max(...ys)).toBeLessThanOrEqual(389);
  });

  it('do not move when there is room', () => {
    expect(spread([{ id: 'a', y: 50 }, { id: 'b', y: 200 }], 400)).toEqual(new Map([['a', 50], ['b', 200]]));
  });
});
