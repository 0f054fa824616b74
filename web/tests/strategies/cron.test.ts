import { describe, expect, it } from 'vitest';
import { nextTicks, parseCron } from '../../src/lib/features/strategies/cron';

const next = (line: string, zone: string, from: string, count = 3): string[] => {
  const cron = parseCron(line);
  return cron ? nextTicks(cron, zone, Date.parse(from), count).map((at) => new Date(at).toISOString().slice(0, 16)) : ['unreadable'];
};

describe('a cron line', () => {
  it('comes due in its own zone, after the moment asked about', () => {
    expect(next('30 9 * * *', 'Asia/Shanghai', '2026-03-02T01:30:00Z', 2)).toEqual(['2026-03-03T01:30', '2026-03-04T01:30']);
    expect(next('*/20 8-9 * * *', 'UTC', '2026-03-02T08:30:00Z', 4)).toEqual(['2026-03-02T08:40', '2026-03-02T09:00', '2026-03-02T09:20', '2026-03-02T09:40']);
  });

  it('counts weekdays from Sunday, by number or by name, and joins days and weekdays by and', () => {
    expect(next('0 0 * * 1-5', 'UTC', '2026-03-06T12:00:00Z', 1)).toEqual(['2026-03-09T00:00']);
    expect(next('0 0 * * sun', 'UTC', '2026-03-06T12:00:00Z', 1)).toEqual(next('0 0 * * 7', 'UTC', '2026-03-06T12:00:00Z', 1));
    expect(next('0 0 13 * fri', 'UTC', '2026-03-01T00:00:00Z', 2)).toEqual(['2026-03-13T00:00', '2026-11-13T00:00']);
  });

  it('leaves out an hour that the clocks skip, and one that never comes', () => {
    expect(next('30 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z', 1)).toEqual(['2026-03-09T06:30']);
    expect(next('0 0 31 2 *', 'UTC', '2026-03-07T12:00:00Z')).toEqual([]);
  });

  it('is refused when it cannot be read', () => {
    for (const line of ['', '* * * *', '60 * * * *', '* * 0 * *', '5-1 * * * *', '*/0 * * * *', 'x * * * *']) expect(parseCron(line)).toBeNull();
  });
});
