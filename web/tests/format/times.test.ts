import { describe, expect, it } from 'vitest';
import { barStamp, countdown, dateToMs, isDaily, periodMs, stamp, zoneLabel, zoneOffset } from '../../src/lib/format/times';

const AT = Date.UTC(2023, 3, 22, 4, 30, 4);

describe('times', () => {
  it('are written in the zone that is asked for', () => {
    expect(stamp(AT, 'short', 'Asia/Shanghai')).toBe('04-22 12:30');
    expect(stamp(AT, 'full', 'Asia/Shanghai')).toBe('2023-04-22 12:30');
    expect(stamp(AT, 'clock', 'UTC')).toBe('04:30:04');
    expect(stamp(null)).toBe('—');
  });

  it('write midnight as 00, not 24', () => {
    expect(stamp(Date.UTC(2023, 0, 1), 'full', 'UTC')).toBe('2023-01-01 00:00');
  });

  it('leave daily bars on their session date wherever the reader is', () => {
    expect(barStamp(Date.UTC(2023, 3, 22), '1d')).toBe('2023-04-22');
    expect(isDaily('1d') && isDaily('1w') && !isDaily('4h')).toBe(true);
  });

  it('name the zone as an offset', () => {
    expect(zoneLabel(AT, 'Asia/Shanghai')).toBe('UTC+8');
    expect(zoneLabel(AT, 'UTC')).toBe('UTC');
    expect(zoneLabel(Date.UTC(2023, 0, 1), 'America/St_Johns')).toBe('UTC−3:30');
    expect(zoneOffset(AT, 'Asia/Shanghai')).toBe(8 * 3_600_000);
    expect(zoneOffset(AT, 'America/New_York')).toBe(-4 * 3_600_000);
  });

  it('know the length of a period', () => {
    expect(periodMs('30m')).toBe(1_800_000);
    expect(periodMs('1d')).toBe(86_400_000);
    expect(periodMs('1M')).toBeGreaterThan(periodMs('1w'));
  });

  it('count down and read date fields', () => {
    expect(countdown(764_000)).toBe('12:44');
    expect(countdown(3_725_000)).toBe('1:02:05');
    expect(countdown(-5)).toBe('00:00');
    expect(dateToMs('2023-04-22')).toBe(Date.UTC(2023, 3, 22));
    expect(dateToMs('nonsense')).toBeNull();
  });
});
