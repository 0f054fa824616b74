// What a search is asked for: which parameters vary and how far, what is sought, what must hold, and the budget.
import { bodyOf, type Conditions, type Problems } from '$features/backtests/conditions';
import type { Draft } from '$features/sessions/form';
import type { NewOptimisation, ParamSpec } from '$lib/api/types';

export type AxisDraft = { searched: boolean; low: string; high: string; step: string };
export type ConditionDraft = { left: string; op: string; right: string };
export type Method = 'bayes' | 'random' | 'grid';
export type Question = {
  run: Conditions;
  axes: Record<string, AxisDraft>;
  method: Method;
  metric: string;
  conditions: ConditionDraft[];
  trials: string;
  minutes: string;
  /** In percent of the bars. */
  heldOut: string;
  seed: string;
};
export type QuestionProblems = Problems & { axes: Record<string, true>; conditions: number[]; trials?: true; minutes?: true; heldOut?: true; seed?: true; nothing?: true };

export const METRICS = ['sharpe', 'sortino', 'calmar', 'total_return', 'cagr', 'max_drawdown', 'profit_factor', 'win_rate', 'expectancy', 'trades', 'fees', 'final_equity'] as const;
export const OPERATORS = ['<=', '>=', '<', '>', '==', '!='] as const;
const NAME = /^[a-z_][a-z0-9_]*$/;
const NUMBER = /^-?(\d+\.?\d*|\.\d+)$/;
const ROUND = [1, 2, 2.5, 5, 10];

/** The round number at or above a step that cuts a range into about so many parts. */
export function roundStep(range: number, parts: number, whole: boolean): number {
  const raw = range / parts;
  if (!(raw > 0)) return whole ? 1 : 0.1;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = (ROUND.find((one) => one * size >= raw * 0.999) ?? 10) * size;
  return whole ? Math.max(1, Math.round(step)) : Number(step.toPrecision(6));
}

/** From half of what a number usually is to its double, within its bounds, in about a dozen steps. */
export function axisOf(spec: ParamSpec, value = Number(spec.default)): AxisDraft {
  if (spec.type === 'bool' || spec.type === 'choice') return { searched: false, low: '', high: '', step: '' };
  if (spec.type === 'text' || !Number.isFinite(value)) return { searched: false, low: '', high: '', step: '' };
  const whole = spec.type === 'int';
  const fit = (end: number) => Math.min(Math.max(whole ? Math.round(end) : Number(end.toPrecision(6)), spec.low ?? end), spec.high ?? end);
  let [low, high] = value === 0 ? [spec.low ?? 0, spec.high ?? 1] : [fit(Math.min(value / 2, value * 2)), fit(Math.max(value / 2, value * 2))];
  if (low >= high) [low, high] = [spec.low ?? 0, spec.high ?? 1];
  return { searched: true, low: String(low), high: String(high), step: String(roundStep(high - low, 15, whole)) };
}

export const axesOf = (specs: ParamSpec[], params: Draft = {}): Record<string, AxisDraft> =>
  Object.fromEntries(specs.map((spec) => [spec.name, axisOf(spec, Number(params[spec.name] ?? spec.default))]));

/** How many values an axis has; null where they cannot be counted. */
export function sizeOf(spec: ParamSpec, axis: AxisDraft): number | null {
  if (!axis.searched) return 1;
  if (spec.type === 'bool') return 2;
  if (spec.type === 'choice') return spec.choices?.length ?? 1;
  const [low, high, step] = [Number(axis.low), Number(axis.high), Number(axis.step)];
  return axis.step.trim() && step > 0 && high > low ? Math.floor((high - low) / step + 1e-9) + 1 : null;
}

export function pointsOf(specs: ParamSpec[], axes: Record<string, AxisDraft>): number | null {
  return specs.reduce<number | null>((all, spec) => {
    const size = sizeOf(spec, axes[spec.name] ?? axisOf(spec));
    return all === null || size === null ? null : all * size;
  }, 1);
}

function rangeOf(spec: ParamSpec, axis: AxisDraft): Record<string, unknown> | null {
  if (spec.type === 'bool') return { values: [false, true] };
  if (spec.type === 'choice') return { values: (spec.choices ?? []).map(String) };
  const [low, high] = [Number(axis.low), Number(axis.high)];
  const step = axis.step.trim() === '' ? null : Number(axis.step);
  if (![axis.low, axis.high].every((text) => NUMBER.test(text.trim())) || !(low < high)) return null;
  if (step !== null && (!NUMBER.test(axis.step.trim()) || !(step > 0) || step > high - low)) return null;
  if ((spec.low ?? low) > low || (spec.high ?? high) < high) return null;
  if (spec.type === 'int' && ![low, high, step ?? 1].every(Number.isInteger)) return null;
  return { low, high, step };
}

const within = (text: string, low: number, high: number, whole = true): number | null => {
  const number = Number(text);
  return text.trim() !== '' && Number.isFinite(number) && (!whole || Number.isInteger(number)) && number >= low && number <= high ? number : null;
};

/** The body of a search, or what stands in its way. */
export function questionOf(form: Question, specs: ParamSpec[]): { body: NewOptimisation | null; problems: QuestionProblems } {
  const fixed = specs.filter((spec) => !form.axes[spec.name]?.searched);
  const run = bodyOf(form.run, fixed);
  const problems: QuestionProblems = { ...run.problems, axes: {}, conditions: [] };
  const ranges: Record<string, unknown> = {};
  for (const spec of specs) {
    const axis = form.axes[spec.name];
    if (!axis?.searched) continue;
    const range = rangeOf(spec, axis);
    if (range) ranges[spec.name] = range;
    else problems.axes[spec.name] = true;
  }
  if (!specs.some((spec) => form.axes[spec.name]?.searched)) problems.nothing = true;
  const constraints = form.conditions.map((one, place) => {
    const right = one.right.trim();
    if (!NUMBER.test(right) && !NAME.test(right)) problems.conditions.push(place);
    return { left: one.left, op: one.op, right: NUMBER.test(right) ? Number(right) : right };
  });
  const trials = within(form.trials, 1, 10_000);
  const seconds = form.minutes.trim() === '' ? undefined : within(form.minutes, 1, 1440);
  const heldOut = within(form.heldOut, 0, 60, false);
  const seed = within(form.seed, 0, 2 ** 31 - 1);
  if (trials === null) problems.trials = true;
  if (seconds === null) problems.minutes = true;
  if (heldOut === null) problems.heldOut = true;
  if (seed === null) problems.seed = true;
  const bad = problems.nothing || trials === null || seconds === null || heldOut === null || seed === null;
  if (!run.body || bad || problems.conditions.length || Object.keys(problems.axes).length) return { body: null, problems };
  const searched = { ranges, method: form.method, metric: form.metric, maximise: null, constraints, trials, seed };
  const body = { ...run.body, ...searched, seconds: seconds === undefined ? null : seconds * 60, held_out: Number((heldOut / 100).toFixed(4)) };
  return { body: body as unknown as NewOptimisation, problems };
}
