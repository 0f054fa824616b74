// A signal in words and tones: its reason, what its checks say, and the step of the risk pipeline that said it.
import type { Signal, SignalStatus } from '$lib/api/types';
import { plain, quantity } from '$lib/format/numbers';
import { i18n } from '$lib/i18n/index.svelte';

type Tone = 'up' | 'down' | 'neutral' | 'info' | 'warn' | 'danger' | 'ok';
type Check = Signal['validation'][number];

const TONES: Record<SignalStatus, Tone> = { PENDING: 'info', VALIDATED: 'ok', REJECTED: 'danger', EXECUTED: 'ok', EXPIRED: 'neutral', CANCELLED: 'neutral' };

export const statusTone = (status: SignalStatus): Tone => TONES[status];
export const directionTone = (direction: Signal['direction']): Tone => (direction === 'LONG' ? 'up' : direction === 'SHORT' ? 'down' : 'neutral');
export const isOpen = (signal: Signal): boolean => signal.status === 'PENDING' || signal.status === 'VALIDATED';
export const reasonOf = (reason: string): string => i18n.t.backtests.reasons[reason] ?? reason;

/** The words of a code: ours for signals, then those of the risk pipeline, then any other. */
export function codeOf(code: string): string {
  return i18n.t.signals.codes[code] ?? i18n.t.errors[`risk_${code}`] ?? i18n.code(code, code);
}

export const stepOf = (check: Check): string => i18n.t.signals.steps[String(check.step)] ?? i18n.t.signals.step(check.step);

/** The two numbers that were compared, where there are both. */
export function comparedOf(check: Check): string {
  if (check.value == null || check.limit == null) return '';
  const share = check.code.endsWith('_pct') || check.code === 'price_band';
  const [value, limit] = [check.value, check.limit].map((one) => (share ? `${plain(Number(one) * 100)}%` : quantity(one)));
  return i18n.t.signals.compared(value ?? '', limit ?? '');
}
