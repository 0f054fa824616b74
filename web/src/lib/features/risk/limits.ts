// A person's own limits as a form: percent on the page, fractions on the wire, empty means the platform's default.
import type { RiskLimits } from '$lib/api/types';

export type LimitKey = keyof RiskLimits;
export type LimitDraft = Record<LimitKey, string>;

export const COUNTS: LimitKey[] = ['max_orders_per_minute', 'max_orders_per_day'];
export const SHARES: LimitKey[] = ['max_single_order_pct', 'max_single_position_pct', 'price_band_pct'];

const trim = (number: number): string => String(Number(number.toFixed(6)));

export function draftOfLimits(limits: RiskLimits): LimitDraft {
  const draft = {} as LimitDraft;
  for (const key of COUNTS) draft[key] = limits[key] === null || limits[key] === undefined ? '' : String(limits[key]);
  for (const key of SHARES) draft[key] = limits[key] === null || limits[key] === undefined ? '' : trim(Number(limits[key]) * 100);
  return draft;
}

export function limitsOfDraft(draft: LimitDraft): { limits: RiskLimits; wrong: LimitKey[] } {
  const limits: Record<string, number | string | null> = {};
  const wrong: LimitKey[] = [];
  for (const key of [...COUNTS, ...SHARES]) {
    const text = draft[key].trim();
    if (text === '') {
      limits[key] = null;
      continue;
    }
    const number = Number(text);
    const count = COUNTS.includes(key);
    const fine = /^\d+(\.\d+)?$/.test(text) && number > 0 && (count ? Number.isSafeInteger(number) : number <= 100);
    if (!fine) wrong.push(key);
    else limits[key] = count ? number : trim(number / 100);
  }
  return { limits: limits as RiskLimits, wrong };
}
