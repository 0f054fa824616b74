// Marks of the time axis at the turn of hours, days, months or years: whichever comes often enough but not too often.
import { zoneOffset } from '$lib/format/times';
import { firstPlace } from './places';

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

/** Bars in view, asked for one by one: there may be far more of them than marks. */
export type BarsInView = { count: number; ts: (place: number) => number; x: (place: number) => number };

/** The turns that `unit` takes among the bars, or null when there are more than `most`. */
function turns(view: BarsInView, unit: Unit, shift: number, most: number): TimeMark[] | null {
  const key = (place: number) => unit.key(new Date(view.ts(place) + shift));
  const marks: TimeMark[] = [];
  let place = 0;
  for (;;) {
    const now = key(place);
    place = firstPlace(view.count, (other) => key(other) > now);
    if (place >= view.count) return marks;
    if (marks.length >= most) return null;
    const ts = view.ts(place);
    marks.push({ x: view.x(place), ts, text: unit.text(new Date(ts + shift)) });
  }
}

/** Neighbours of the answer lie at least about `gap` pixels apart. */
export function timeMarks(view: BarsInView, zone: string, gap: number): TimeMark[] {
  if (view.count < 2) return [];
  const shift = zoneOffset(view.ts(0), zone);
  const most = Math.max(1, Math.floor((view.x(view.count - 1) - view.x(0)) / gap));
  for (const unit of UNITS) {
    const marks = turns(view, unit, shift, most);
    if (marks) return apart(marks, gap * 0.6);
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
