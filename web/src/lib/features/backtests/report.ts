// The shape of a finished report. The platform sends it as plain JSON, so it is written out here once.
import type { Backtest } from '$lib/api/types';

export type Curve = { ts: number[]; equity: number[]; drawdown: number[]; benchmark?: (number | null)[] };
export type Trade = {
  instrument: string;
  side: string;
  quantity: number;
  entry_ts: number;
  exit_ts: number;
  entry_price: number;
  exit_price: number;
  fees: number;
  pnl: number;
  return: number | null;
  bars: number;
  mfe: number | null;
  mae: number | null;
};
export type YearRow = { year: number; months: (number | null)[]; whole: number | null };
export type InstrumentRow = { name: string; trades: number; pnl: number; win_rate: number | null; bars: number; fees: number };
export type ReasonRow = { entry: string; exit: string; trades: number; pnl: number };
export type Unfilled = { asked: number; unfilled: number; never: number; reasons: Record<string, number> };
/** A remark of the engine: a code, and the numbers and names of its sentence. */
export type Note = { code: string; params: Record<string, number | string> };
export type Report = {
  run_id: string;
  params: Record<string, unknown>;
  instruments: InstrumentRow[];
  first_ts: number | null;
  last_ts: number | null;
  metrics: Figures;
  intervals: Record<string, [number | null, number | null]>;
  rolling: { days: number; ts: number[]; sharpe: (number | null)[] };
  monthly: YearRow[];
  reasons: ReasonRow[];
  unfilled: { entries: Unfilled; exits: Unfilled };
  gaps: { from_ts: number; to_ts: number }[];
  notes: (Note | string)[];
};
export type Figures = Record<string, number | null | undefined>;
export type Result = Backtest & { equity_curve: Curve | null; trades: Trade[] | null; report: Report | null };

export type SortKey = 'entry_ts' | 'exit_ts' | 'instrument' | 'quantity' | 'entry_price' | 'exit_price' | 'bars' | 'return' | 'mae' | 'mfe' | 'fees' | 'pnl';
export type Sort = { key: SortKey; down: boolean };

/** A sorted copy; what cannot be told comes last either way. */
export function sorted(trades: Trade[], { key, down }: Sort): Trade[] {
  const way = down ? -1 : 1;
  return [...trades].sort((a, b) => {
    const [x, y] = [a[key], b[key]];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    return x < y ? -way : x > y ? way : 0;
  });
}

const CLIP = 0.2;

/** How much of the solid colour a month's cell carries, 10 to 88 %, full from a fifth up or down. */
export function heat(value: number | null): number {
  return value === null ? 0 : Math.round(10 + 78 * Math.min(1, Math.abs(value) / CLIP));
}

/** What an entry and an exit that could not be filled have in common, by obstacle: [obstacle, entries, exits]. */
export function obstacles({ entries, exits }: Report['unfilled']): [string, number, number][] {
  const names = new Set([...Object.keys(entries.reasons), ...Object.keys(exits.reasons)]);
  return [...names].map((name) => [name, entries.reasons[name] ?? 0, exits.reasons[name] ?? 0]);
}

/** A note in words: `{name}` is a number or a name of it, `{name%}` a share of one in per cent. Older reports hold the
 * English sentence itself. */
export function noteText(note: Note | string, words: Record<string, string>): string {
  if (typeof note === 'string') return note;
  return (words[note.code] ?? note.code).replace(/\{(\w+)(%?)\}/g, (_, name: string, share: string) => {
    const value = note.params[name];
    if (typeof value !== 'number') return String(value ?? '');
    return share ? `${Number((100 * value).toPrecision(4))}%` : String(Number(value.toPrecision(8)));
  });
}
