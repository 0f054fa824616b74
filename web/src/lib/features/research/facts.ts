// What a match's facts say, ready to be shown.
import type { ScreenFact, ScreenMatch } from '$lib/api/types';

/** The fact a row of results is about: the first that found a point, else the first. */
export const mainFact = (match: ScreenMatch): ScreenFact | undefined => match.facts.find((fact) => fact.point) ?? match.facts[0];

/** How far the last price lies from the point's, in percent of it; null without a point. */
export function distancePct(fact: ScreenFact): number | null {
  const price = Number(fact.point?.price);
  return fact.point && price !== 0 ? (Number(fact.close) / price - 1) * 100 : null;
}
