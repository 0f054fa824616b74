// When a five-field cron line comes due next, so that a schedule can be said as times. The platform decides itself when
// a run is due; this only shows it beforehand, by the same rules: every field must match, days and weekdays too.
import { zoneOffset } from '$lib/format/times';

export type Cron = { minutes: Set<number>; hours: Set<number>; days: Set<number>; months: Set<number>; weekdays: Set<number> };

const DAY_MS = 86_400_000;
const LOOKED_DAYS = 367;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const MONTHS = ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const RANGES: [number, number, string[]][] = [[0, 59, []], [0, 23, []], [1, 31, []], [1, 12, MONTHS], [0, 7, WEEKDAYS]];

function numberOf(text: string, low: number, high: number, names: string[]): number | null {
  const named = names.indexOf(text.toLowerCase());
  if (named >= low) return named;
  const number = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  return number >= low && number <= high ? number : null;
}

/** The numbers of one field, such as a star, 1-5, 0,30 or a star with /10; null when it cannot be read. */
function field(text: string, [low, high, names]: [number, number, string[]]): Set<number> | null {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [span = '', by, ...more] = part.split('/');
    const [from = '', to] = span === '*' ? [String(low), String(names === WEEKDAYS ? 6 : high)] : span.split('-');
    const first = numberOf(from, low, high, names);
    const last = to !== undefined ? numberOf(to, low, high, names) : by !== undefined ? high : first;
    const step = by === undefined ? 1 : /^[1-9]\d?$/.test(by) ? Number(by) : NaN;
    if (more.length || first === null || last === null || last < first || Number.isNaN(step)) return null;
    for (let at = first; at <= last; at += step) found.add(at);
  }
  return found;
}

export function parseCron(text: string): Cron | null {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const [minutes, hours, days, months, weekdays] = fields.map((one, place) => field(one, RANGES[place]!));
  if (!minutes || !hours || !days || !months || !weekdays) return null;
  return { minutes, hours, days, months, weekdays: new Set([...weekdays].map((day) => day % 7)) };
}

/** The wall time of a zone as epoch ms; null where its clocks skip it. */
function momentOf(wall: number, zone: string): number | null {
  const at = wall - zoneOffset(wall - zoneOffset(wall, zone), zone);
  return at + zoneOffset(at, zone) === wall ? at : null;
}

/** Up to `count` moments after `from`, within a year, read in that zone. */
export function nextTicks(cron: Cron, zone: string, from: number, count: number): number[] {
  const found: number[] = [];
  const today = Math.floor((from + zoneOffset(from, zone)) / DAY_MS) * DAY_MS;
  for (let day = today; day < today + LOOKED_DAYS * DAY_MS && found.length < count; day += DAY_MS) {
    const date = new Date(day);
    if (!cron.days.has(date.getUTCDate()) || !cron.months.has(date.getUTCMonth() + 1) || !cron.weekdays.has(date.getUTCDay())) continue;
    for (const hour of [...cron.hours].sort((a, b) => a - b))
      for (const minute of [...cron.minutes].sort((a, b) => a - b)) {
        const at = momentOf(day + (hour * 60 + minute) * 60_000, zone);
        if (at !== null && at > from && found.length < count) found.push(at);
      }
  }
  return found;
}
