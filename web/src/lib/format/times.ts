// Times in the reader's zone, except daily bars: their stamp is a session date at 00:00 UTC and stays that date.

const SECOND = 1000;
const UNITS: Record<string, number> = { s: SECOND, m: 60 * SECOND, h: 3600 * SECOND, d: 86400 * SECOND, w: 604800 * SECOND };

/** "30m" → 1_800_000; a month counts 30 days, for sorting and countdowns only. */
export function periodMs(timeframe: string): number {
  const match = /^(\d+)([smhdwM])$/.exec(timeframe);
  if (!match) return 60 * SECOND;
  const unit = match[2] === 'M' ? 30 * 86400 * SECOND : (UNITS[match[2] ?? 'm'] ?? 60 * SECOND);
  return Number(match[1]) * unit;
}

export function isDaily(timeframe: string): boolean {
  return periodMs(timeframe) >= 86400 * SECOND;
}

let zone: string | null = null;

/** The reader's zone, asked for once: the answer is slow, and every frame of a chart needs it. */
export function localZone(): string {
  zone ??= Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  return zone;
}

export function zoneOf(timeframe: string): string {
  return isDaily(timeframe) ? 'UTC' : localZone();
}

/** "UTC+8", "UTC−3:30", "UTC". */
export function zoneLabel(at: number = 0, zone: string = localZone()): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at || undefined);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(name);
  if (!match?.[1] || (match[2] === '00' && match[3] === '00')) return 'UTC';
  return `UTC${match[1] === '-' ? '\u2212' : '+'}${Number(match[2])}${match[3] === '00' ? '' : `:${match[3]}`}`;
}

/** Milliseconds to add to UTC to read that zone's clock at that moment. */
export function zoneOffset(ts: number, zone: string): number {
  if (zone === 'UTC') return 0;
  const p = pieces(ts, zone);
  const local = Date.UTC(Number(p.year), Number(p.month) - 1, Number(p.day), Number(p.hour), Number(p.minute), Number(p.second));
  return local - Math.floor(ts / SECOND) * SECOND;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function pieces(ts: number, zone: string): Record<string, string> {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit'
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(ts).map((part) => [part.type, part.value]));
}

export type Shape = 'short' | 'full' | 'day' | 'monthday' | 'clock' | 'minute' | 'year';

/** short "04-22 12:30", full "2023-04-22 12:30", day "2023-04-22", clock "12:30:04". */
export function stamp(ts: number | null | undefined, shape: Shape = 'short', zone: string = localZone()): string {
  if (ts === null || ts === undefined) return '—';
  const p = pieces(ts, zone);
  switch (shape) {
    case 'year':
      return `${p.year}`;
    case 'day':
      return `${p.year}-${p.month}-${p.day}`;
    case 'monthday':
      return `${p.month}-${p.day}`;
    case 'clock':
      return `${p.hour}:${p.minute}:${p.second}`;
    case 'minute':
      return `${p.hour}:${p.minute}`;
    case 'full':
      return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`;
    default:
      return `${p.month}-${p.day} ${p.hour}:${p.minute}`;
  }
}

/** A bar's stamp in the shape that fits its timeframe. */
export function barStamp(ts: number | null | undefined, timeframe: string): string {
  return isDaily(timeframe) ? stamp(ts, 'day', 'UTC') : stamp(ts, 'full');
}

/** A date field's value ("2023-04-22") as epoch ms at 00:00 UTC, or null. */
export function dateToMs(text: string): number | null {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) ? null : ms;
}

/** mm:ss, or h:mm:ss above an hour. */
export function countdown(ms: number): string {
  const total = Math.max(0, Math.floor(ms / SECOND));
  const pad = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(total / 3600);
  const rest = `${pad(Math.floor((total % 3600) / 60))}:${pad(total % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}
