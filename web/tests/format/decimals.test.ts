import { describe, expect, it } from 'vitest';
import { compare, decimal, minus } from '../../src/lib/format/decimals';

describe('decimal texts', () => {
  it('are told from what is none', () => {
    expect(['1,530.5', ' 100 ', '.5', '5.', '-2'].map(decimal)).toEqual(['1530.5', '100', '0.5', '5', '-2']);
    expect(['', '1e3', '0x10', 'NaN', '1.2.3', '--1', '一百'].map(decimal)).toEqual([null, null, null, null, null, null, null]);
  });

  it('are subtracted exactly, however many digits they have', () => {
    expect(minus('0.3', '0.1')).toBe('0.2');
    expect(minus('100', '100.00')).toBe('0');
    expect(minus('1', '3')).toBe('-2');
    expect(minus('0.05', '0.1')).toBe('-0.05');
    expect(minus('123456789012345678.000000000000000001', '0.000000000000000001')).toBe('123456789012345678');
  });

  it('are compared by worth, not by text', () => {
    expect([compare('10', '9'), compare('1.50', '1.5'), compare('0.1', '0.11'), compare('-1', '0')]).toEqual([1, 0, -1, -1]);
  });
});
