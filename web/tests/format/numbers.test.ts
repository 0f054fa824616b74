import { describe, expect, it } from 'vitest';
import { compact, decimalsOf, inPercent, onGrid, percent, plain, quantity, signed, signOf } from '../../src/lib/format/numbers';

describe('numbers', () => {
  it('have thousands commas and fixed decimals', () => {
    expect(plain('1861.07')).toBe('1,861.07');
    expect(plain('27347.99', 1)).toBe('27,348.0');
    expect(plain(100000)).toBe('100,000.00');
  });

  it('carry a true minus', () => {
    expect(plain(-12.5)).toBe('−12.50');
    expect(signed(-199.98)).toBe('−199.98');
    expect(quantity('-2.50')).toBe('−2.5');
  });

  it('sign changes but never zero, not even a zero that rounding made', () => {
    expect(signed(164.58)).toBe('+164.58');
    expect(signed(0)).toBe('0.00');
    expect(signed(0.001)).toBe('0.00');
    expect(signed(-0.001)).toBe('0.00');
    expect(percent(0.66)).toBe('+0.66%');
  });

  it('show a dash where there is nothing', () => {
    for (const value of [null, undefined, '', 'x', NaN, Infinity]) expect(plain(value as never)).toBe('—');
  });

  it('read decimals from the grid of an instrument', () => {
    expect(decimalsOf('0.01')).toBe(2);
    expect(decimalsOf('0.00001000')).toBe(5);
    expect(decimalsOf('1')).toBe(0);
    expect(decimalsOf('1e-8')).toBe(8);
    expect(decimalsOf(null)).toBe(2);
  });

  it('shorten large volumes in the way of each language', () => {
    expect(compact(109_000)).toBe('109K');
    expect(compact(4_200_000)).toBe('4.2M');
    expect(compact(109_000, true)).toBe('10.9万');
    expect(compact(120_000_000, true)).toBe('1.2亿');
    expect(compact(6723)).toBe('6.7K');
    expect(compact(6723, true)).toBe('6,723');
  });

  it('fall onto the grid without binary noise', () => {
    expect(onGrid(1846.003, '0.01')).toBe('1846.00');
    expect(onGrid(0.1 + 0.2, '0.1')).toBe('0.3');
    expect(onGrid(8.5109, '0.001', 'floor')).toBe('8.510');
    expect(onGrid(0.3, '0.1', 'floor')).toBe('0.3');
    expect(onGrid(7, '0')).toBe('7');
  });

  it('turn fractions into percent and know their sign', () => {
    expect(inPercent(0.157)).toBeCloseTo(15.7);
    expect(inPercent(null)).toBeNull();
    expect([signOf('-1'), signOf(0), signOf('2.5'), signOf(null)]).toEqual([-1, 0, 1, 0]);
  });
});
