// A strategy's risk profile as people write it: shares in per cent, bars as a count, empty for none.
import type { RiskProfile } from '$lib/api/types';

export const SHARES = ['max_position_pct', 'stop_loss_pct', 'price_drift_pct'] as const;
export const FIELDS = [...SHARES, 'late_bars'] as const;
export type Field = (typeof FIELDS)[number];
export type Draft = Record<Field, string>;
export type Problem = 'share' | 'bars';

const isShare = (field: Field): boolean => field !== 'late_bars';
const written = (value: number): string => String(Number(value.toFixed(6)));

export function draftOf(profile: RiskProfile): Draft {
  const text = (field: Field) => {
    const value = profile[field];
    return value === null || value === undefined ? '' : written(isShare(field) ? value * 100 : value);
  };
  return Object.fromEntries(FIELDS.map((field) => [field, text(field)])) as Draft;
}

/** The profile of a draft; null for a field that is empty, and the fields that do not fit. */
export function profileOf(draft: Draft): { profile: RiskProfile; problems: Partial<Record<Field, Problem>> } {
  const profile: RiskProfile = {};
  const problems: Partial<Record<Field, Problem>> = {};
  for (const field of FIELDS) {
    const text = draft[field].trim();
    const number = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
    if (text === '') profile[field] = null;
    else if (isShare(field)) {
      if (number > 0 && number <= 100) profile[field] = Number((number / 100).toFixed(8));
      else problems[field] = 'share';
    } else if (Number.isInteger(number) && number >= 1 && number <= 1000) profile[field] = number;
    else problems[field] = 'bars';
  }
  return { profile, problems };
}
