// The shape of a passport, which the platform sends as plain JSON, and what its small plots are drawn from.
import type { PassportRow } from '$lib/api/types';
import { plain, share } from '$lib/format/numbers';

type Told = number | null;
export type Verdict = 'pass' | 'warn' | 'fail' | 'unknown';
export type Luck = { value: Told; quantiles: Told[]; probability: Told; loss_chance: Told; draws: number; told: number; block: number };
export type Sections = {
  params: Record<string, unknown>;
  metrics: Record<string, Told>;
  look_ahead: string[];
  start: { cases: { start: number; rows: number; different: number }[]; settles: boolean } | null;
  stability: { value: Told; neighbours: { changed: string; to: number; value: Told }[] } | null;
  walk_forward: { equity: number[]; folds: { gained: Told }[]; sharpe: Told; total_return: Told; gaining_share: Told } | null;
  trade_luck: { growth: Told[]; loss_chance: Told } | null;
  market_luck: Luck | null;
  shuffle: Luck | null;
  selection: { trials: number; known: number; ranks: number[]; sharpe: Told; expected_best: Told } | null;
  refused: Record<string, string>;
  map: { metric: string; names: string[]; points: Record<string, number | string | boolean | null>[] };
  notes: string[];
};
export type Passport = PassportRow & { passport: Sections | null };
export type Check = NonNullable<PassportRow['checks']>[number];

/** A check's figure in words: a count, or a share of one in per cent. */
export function figureOf({ question, figure }: Check): string {
  if (figure === null) return '—';
  return question === 'look_ahead' ? plain(figure, 0) : share(100 * figure, figure > 0 && figure < 0.1 ? 1 : 0);
}

/** The section of the passport that a question's answer rests on was refused under another question's name. */
const RESTS_ON: Record<string, string> = { deflated_sharpe: 'overfitting' };
export const refusalOf = (question: string, refused: Record<string, string>): string | null => refused[question] ?? refused[RESTS_ON[question] ?? ''] ?? null;

export const passed = (checks: Check[] | null): number => (checks ?? []).filter((one) => one.verdict === 'pass').length;

export type Cell = { value: Told; chosen: boolean };
export type Map = { across: string; down: string | null; columns: string[]; rows: { name: string; cells: (Cell | null)[] }[] };

/** The map as a table: the two parameters with the most values, or one; of several points in a cell the best counts,
 * unless the chosen one is among them. */
export function tableOf({ names, points }: Sections['map']): Map | null {
  const told = (name: string) => [...new Set(points.map((point) => point[name]))].sort((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))));
  const [across, down] = [...names].sort((a, b) => told(b).length - told(a).length);
  if (!across || points.length < 2) return null;
  const columns = told(across);
  const rows = down ? told(down) : [null];
  const cellAt = (row: unknown, column: unknown): Cell | null => {
    const here = points.map((point, place) => ({ point, place })).filter(({ point }) => point[across] === column && (!down || point[down] === row));
    if (here.length === 0) return null;
    const chosen = here.find(({ place }) => place === 0);
    const values = here.map(({ point }) => point.value).filter((value): value is number => typeof value === 'number');
    const value = chosen ? (chosen.point.value as Told) : values.length ? Math.max(...values) : null;
    return { value, chosen: Boolean(chosen) };
  };
  return { across, down: down ?? null, columns: columns.map(String), rows: rows.map((row) => ({ name: row === null ? '' : String(row), cells: columns.map((column) => cellAt(row, column)) })) };
}

/** How much of the solid colour a cell carries, 10 to 88 %: the best of the map full, zero and less least. */
export function shadeOf(value: Told, best: number): number {
  return value === null || best <= 0 ? 10 : Math.round(10 + 78 * Math.min(1, Math.max(0, value / best)));
}
