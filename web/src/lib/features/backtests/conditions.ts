// What a run is asked for: the form's texts, their check, and the body that the platform takes.
import type { ParamSpec, Timeframe } from '$lib/api/types';
import { checkDraft, type Draft, type FieldProblem } from '$features/sessions/form';
import { dateToMs, stamp } from '$lib/format/times';

export type Conditions = {
  strategy: string;
  instruments: string[];
  timeframe: string;
  from: string;
  to: string;
  capital: string;
  /** In percent a side, as people say it. */
  fee: string;
  slippage: string;
  fill: 'open' | 'close';
  rules: boolean;
  short: boolean;
  benchmark: string;
  params: Draft;
};
export type Problems = { fields: Partial<Record<'instruments' | 'period' | 'capital' | 'fee' | 'slippage', true>>; params: Record<string, FieldProblem> };

const MOST_COST = 10;
const LAST_MS = 86_400_000 - 1;
const PLAIN = /^(\d+\.?\d*|\.\d+)$/;

function cost(text: string): number | null {
  const number = text.trim() === '' ? 0 : PLAIN.test(text.trim()) ? Number(text) : NaN;
  return number >= 0 && number <= MOST_COST ? Number((number / 100).toFixed(8)) : null;
}

/** The body of a run, or what stands in its way. */
export function bodyOf(form: Conditions, specs: ParamSpec[]) {
  const checked = checkDraft(specs, form.params);
  const problems: Problems = { fields: {}, params: checked.problems };
  const [start, end] = [form.from ? dateToMs(form.from) : null, form.to ? dateToMs(form.to) : null];
  const [fee, slippage] = [cost(form.fee), cost(form.slippage)];
  const capital = form.capital.replace(/[,\s]/g, '');
  if (form.instruments.length === 0) problems.fields.instruments = true;
  if (start !== null && end !== null && start >= end) problems.fields.period = true;
  if (!PLAIN.test(capital) || Number(capital) <= 0) problems.fields.capital = true;
  if (fee === null) problems.fields.fee = true;
  if (slippage === null) problems.fields.slippage = true;
  if (fee === null || slippage === null || Object.keys({ ...problems.fields, ...problems.params }).length) return { body: null, problems };
  const body = {
    strategy: form.strategy,
    instruments: form.instruments,
    timeframe: form.timeframe as Timeframe,
    params: checked.values,
    start_ts: start,
    end_ts: end === null ? null : end + LAST_MS,
    initial_capital: capital,
    fee,
    slippage,
    fill: form.fill,
    market_rules: form.rules,
    can_short: form.short,
    benchmark: form.benchmark || null
  };
  return { body, problems };
}

const perCent = (value: unknown): string => String(Number((Number(value ?? 0) * 100).toFixed(6)));
const day = (value: unknown): string => (typeof value === 'number' ? stamp(value, 'day', 'UTC') : '');

/** The form of a run that was asked for before, to change it and run again. */
export function formOf(strategy: string, asked: Record<string, unknown>, params: Draft): Conditions {
  return {
    strategy,
    instruments: Array.isArray(asked.instruments) ? asked.instruments.map(String) : [],
    timeframe: String(asked.timeframe ?? ''),
    from: day(asked.start_ts),
    to: day(asked.end_ts),
    capital: String(asked.initial_capital ?? '1000000'),
    fee: perCent(asked.fee),
    slippage: perCent(asked.slippage),
    fill: asked.fill === 'close' ? 'close' : 'open',
    rules: asked.market_rules !== false,
    short: asked.can_short === true,
    benchmark: String(asked.benchmark ?? ''),
    params
  };
}
