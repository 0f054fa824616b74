import { describe, expect, it } from 'vitest';
import { fieldOf, inOwnTime, momentOf } from '../../src/lib/features/backtests/why';

const NOON = Date.UTC(2024, 4, 6, 12);

describe('a bar that is asked about', () => {
  it('is the last one of a day where bars are days', () => {
    expect(momentOf('2024-05-06', '1d')).toBe(Date.UTC(2024, 4, 7) - 1);
    expect(fieldOf(Date.UTC(2024, 4, 6), '1d')).toBe('2024-05-06');
  });

  it('is a minute of the reader’s own clock where bars are shorter', () => {
    expect(momentOf(fieldOf(NOON, '5m'), '5m')).toBe(NOON);
    expect(momentOf('', '5m')).toBeNull();
    expect(momentOf('', '1d')).toBeNull();
  });

  it('is told in the clock in which it was asked', () => {
    expect(inOwnTime('at the close of 2024-05-06T12:00:00Z it fell', '5m')).toBe(`at the close of ${fieldOf(NOON, '5m').replace('T', ' ')} it fell`);
    expect(inOwnTime('2024-05-06 收盘', '1d')).toBe('2024-05-06 收盘');
  });
});
