import { describe, expect, it } from 'vitest';
import { timeMarks, type BarsInView } from '../../src/lib/chart/ticks';

const series = (count: number, minutes: number, start: number, step = 4): BarsInView => ({
  count,
  ts: (place) => start + place * minutes * 60_000,
  x: (place) => place * step
});

describe('the marks of the time axis', () => {
  it('stand at the turn of days in the reader’s zone', () => {
    const marks = timeMarks(series(250, 30, Date.UTC(2023, 3, 17)), 'Asia/Shanghai', 120);
    expect(marks.map((mark) => mark.text)).toEqual(['04-18', '04-19', '04-20', '04-21', '04-22']);
    expect(new Date(marks[0]?.ts ?? 0).toISOString()).toBe('2023-04-17T16:00:00.000Z');
  });

  it('keep their distance', () => {
    for (const minutes of [1, 5, 30, 60, 240, 1440, 10080]) {
      const marks = timeMarks(series(400, minutes, Date.UTC(2020, 0, 1), 3), 'UTC', 84);
      expect(marks.length, `${minutes}m`).toBeGreaterThan(1);
      for (let i = 1; i < marks.length; i += 1) expect((marks[i]?.x ?? 0) - (marks[i - 1]?.x ?? 0)).toBeGreaterThanOrEqual(84 * 0.6);
    }
  });

  it('name years on long daily charts', () => {
    const texts = timeMarks(series(900, 1440, Date.UTC(2020, 5, 1), 1), 'UTC', 84).map((mark) => mark.text);
    expect(texts).toContain('2021');
  });

  it('look at few of many bars', () => {
    let asked = 0;
    const bars = series(50_000, 5, Date.UTC(2023, 0, 1), 0.02);
    const marks = timeMarks({ ...bars, ts: (place) => ((asked += 1), bars.ts(place)) }, 'UTC', 84);
    expect(marks.length).toBeGreaterThan(2);
    expect(asked).toBeLessThan(5_000);
  });

  it('say nothing about fewer than two bars', () => {
    expect(timeMarks(series(0, 30, 0), 'UTC', 84)).toEqual([]);
    expect(timeMarks(series(1, 30, 0), 'UTC', 84)).toEqual([]);
  });
});
