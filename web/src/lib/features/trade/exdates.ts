// Share prices across their ex-dates: which bar each falls on, how a mode is called, and whether the newest price is
// still the one that trades.
import type { CorporateAction } from '$lib/api/types';
import type { ExDate } from '$lib/chart/overlays/exdates';
import { firstPlace } from '$lib/chart/places';

export type Parts = { direction: 'none' | 'forward' | 'backward'; subtract: boolean; day: string };

/** "forward-sub@2024-06-28" taken apart; anything else is `none`. */
export function partsOf(key: string): Parts {
  const found = /^(none|forward|backward)(-sub)?(?:@(\d{4}-\d{2}-\d{2}))?$/.exec(key);
  return { direction: (found?.[1] as Parts['direction'] | undefined) ?? 'none', subtract: found?.[2] !== undefined, day: found?.[3] ?? '' };
}

export function keyOf({ direction, subtract, day }: Parts): string {
  if (direction === 'none') return 'none';
  return `${direction}${subtract ? '-sub' : ''}${direction === 'forward' && day ? `@${day}` : ''}`;
}

/** The newest bar has the price it traded at: nothing is adjusted, or everything in today's prices. */
export function endsAtTraded(key: string): boolean {
  const { direction, day } = partsOf(key);
  return direction === 'none' || (direction === 'forward' && day === '');
}

/** Each ex-date on the first bar that trades without it; those that lie behind the newest bar are not known yet. */
export function exDates(actions: readonly CorporateAction[], bars: readonly { timestamp: number }[]): ExDate[] {
  const dates: ExDate[] = [];
  const begin = bars[0]?.timestamp ?? Infinity;
  for (const action of actions) {
    const from = Date.parse(`${action.ex_date}T00:00:00Z`);
    const place = firstPlace(bars.length, (other) => (bars[other]?.timestamp ?? 0) >= from);
    const bar = bars[place];
    if (bar && from >= begin) dates.push({ ts: bar.timestamp, action });
  }
  return dates;
}

type Words = { gone: string; cash: (each: string) => string; bonus: (each: string) => string; rights: (each: string, price: string) => string };

/** What went off on an ex-date, in one line. */
export function toldOf(action: CorporateAction, words: Words): string {
  const { cash, bonus, rights, rights_price } = action;
  const parts = [Number(cash) ? words.cash(cash) : '', Number(bonus) ? words.bonus(bonus) : '', Number(rights) ? words.rights(rights, rights_price) : ''];
  return [words.gone, ...parts].filter(Boolean).join(' · ');
}
