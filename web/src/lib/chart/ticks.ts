// Marks of the time axis at the turn of hours, days, months or years: whichever comes often enough but not too often.
import { zoneOffset } from '$lib/format/times';

export type TimeMark = { x: number; ts: number; text: string };
type Unit = { key: (date: Date) => number; text: (date: Date) => string };

const pad = (value: number) => String(value).padStart(2, '0');
const day = (date: Date) => Math.floor(date.getTime() / 86_400_000);
const month = (date: Date) => date.getUTCFullYear() * 12 + date.getUTCMonth();
const clock = (date: Date) => `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}`;
const monthDay = (date: Date) => `${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
const yearMonth = (date: Date) => `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}`;
const minutes = (size: number): Unit => ({
  key: (date) => Math.floor(date.getTime() / (size * 60_000)),
  text: (date) => (date.getUTCHours() === 0 && date.getUTCMinutes() < size ? monthDay(date) : clock(date))
});

const UNITS: Unit[] = [
  ...[5, 15, 30, 60, 180, 360, 720].map(minutes),
  { key: day, text: monthDay },
  { key: (date) => Math.floor((day(date) + 3) / 7), text: monthDay },
  { key: (date) => month(date), text: (date) => (date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : yearMonth(date)) },
  { key: (date) => Math.floor(month(date) / 3), text: (date) => (date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : yearMonth(date)) },
  { key: (date) => date.getUTCFullYear(), text: (date) => String(date.getUTCFullYear()) },
  { key: (date) => Math.floor(date.getUTCFullYear() / 5), text: (date) => String(date.getUTCFullYear()) }
];

/** `bars` in view with their pixel; neighbours of the answer lie at least `gap` pixels apart. */
export function timeMarks(bars: { ts: number; x: number }[], zone: string, gap: number): TimeMark[] {
  const first = bars[0];
  const last = bars.at(-1);
  if (!first || !last || bars.length < 2) return [];
  const shift = zoneOffset(first.ts, zone);
  const local = bars.map((bar) => new Date(bar.ts + shift));
  const most = Math.max(1, (last.x - first.x) / gap);
  for (const unit of UNITS) {
    const marks: TimeMark[] = [];
    let before = unit.key(local[0] as Date);
    for (let i = 1; i < bars.length; i += 1) {
      const date = local[i] as Date;
      const key = unit.key(date);
      if (key === before) continue;
      before = key;
      const bar = bars[i] as { ts: number; x: number };
      marks.push({ x: bar.x, ts: bar.ts, text: unit.text(date) });
      if (marks.length > most + 1) break;
    }
    if (marks.length <= most + 1) return apart(marks, gap * 0.6);
  }
  return [];
}

function apart(marks: TimeMark[], gap: number): TimeMark[] {
  const kept: TimeMark[] = [];
  for (const mark of marks) {
    const previous = kept.at(-1);
    if (!previous || mark.x - previous.x >= gap) kept.push(mark);
  }
  return kept;
}
