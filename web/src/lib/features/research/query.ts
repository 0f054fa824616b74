// A screen as a person builds it, clause by clause, and as the platform is asked: conditions joined by "and".
import type { ScreenCondition, ScreenQuery } from '$lib/api/types';
import type { Words } from '$lib/i18n/index.svelte';
import { plain } from '$lib/format/numbers';
import { pointName } from './sentence';

export const KINDS = ['B1', 'B1p', 'B2', 'B2s', 'B3a', 'B3b', 'S1', 'S1p', 'S2', 'S2s', 'S3a', 'S3b'] as const;
export const STAGES = ['shown', 'sure', 'settled', 'proven'] as const;
export const PLACES = ['above_pivot', 'in_pivot', 'below_pivot'] as const;
export const WITHIN = [1, 2, 3, 5, 10, 20, 50, 100] as const;
export const CLAUSES = ['point', 'place', 'direction', 'ratio'] as const;
/** What one clause asks about. */
export type ClauseKind = (typeof CLAUSES)[number];

export type Clause = {
  kind: ClauseKind;
  timeframe: string;
  level: 'stroke' | 'segment';
  points: string[];
  within: number;
  stage: (typeof STAGES)[number];
  place: (typeof PLACES)[number];
  direction: 'up' | 'down';
  below: string;
  /** A finer period whose own point has to lie inside, or empty. */
  inside: string;
};

export const newClause = (kind: ClauseKind, timeframe: string): Clause => ({
  kind,
  timeframe,
  level: 'stroke',
  points: ['B1', 'B1p', 'B2', 'B2s'],
  within: 5,
  stage: 'shown',
  place: 'above_pivot',
  direction: 'up',
  below: '0.9',
  inside: ''
});

/** Why a clause cannot be asked, or null: the name of what is missing. */
export function faultOf(clause: Clause): 'points' | 'below' | null {
  if (clause.kind === 'point' && clause.points.length === 0) return 'points';
  if (clause.kind === 'ratio' && !(Number(clause.below) > 0)) return 'below';
  return null;
}

function conditionOf(clause: Clause): ScreenCondition {
  const where = { timeframe: clause.timeframe, level: clause.level } as ScreenCondition;
  if (clause.kind === 'place') return { ...where, price: clause.place };
  if (clause.kind === 'direction') return { ...where, direction: clause.direction };
  if (clause.kind === 'ratio') return { ...where, ratio_below: Number(clause.below) };
  const point = clause.points as ScreenCondition['point'];
  const nested = clause.inside ? { nested: { timeframe: clause.inside } as ScreenCondition['nested'] } : {};
  return { ...where, point, within_bars: clause.within, stage: clause.stage, ...nested };
}

export const queryOf = (clauses: readonly Clause[], config: string): ScreenQuery => ({ conditions: clauses.map(conditionOf), config, adjust: 'none' });

/** The clauses of a query that was kept; one condition may hold several. */
export function clausesOf(query: ScreenQuery): Clause[] {
  return query.conditions.flatMap((condition) => {
    const blank = { ...newClause('point', condition.timeframe), level: condition.level ?? 'stroke' };
    const clauses: Clause[] = [];
    if (condition.point?.length) {
      clauses.push({
        ...blank,
        points: [...condition.point],
        within: condition.within_bars ?? blank.within,
        stage: condition.stage ?? blank.stage,
        inside: condition.nested?.timeframe ?? ''
      });
    }
    if (condition.price) clauses.push({ ...blank, kind: 'place', place: condition.price });
    if (condition.direction) clauses.push({ ...blank, kind: 'direction', direction: condition.direction });
    if (condition.ratio_below) clauses.push({ ...blank, kind: 'ratio', below: String(condition.ratio_below) });
    return clauses;
  });
}

/** The query in one sentence, for a list of kept screens. */
export function sayQuery(query: ScreenQuery, words: Words, style: 'B1' | 'zh'): string {
  const t = words.screener;
  const said = clausesOf(query).map((clause) => {
    const where = `${clause.timeframe} ${t.levels[clause.level]}`;
    if (clause.kind === 'place') return `${where} ${t.places[clause.place]}`;
    if (clause.kind === 'direction') return `${where} ${t.directions[clause.direction]}`;
    if (clause.kind === 'ratio') return `${where} ${t.ratioBelow(plain(Number(clause.below)))}`;
    const kinds = clause.points.map((kind) => pointName(kind, words.chan, style)).join(' ');
    const inside = clause.inside ? ` · ${t.confirmedIn(clause.inside)}` : '';
    return `${where} ${kinds} · ${t.within(clause.within)} · ${t.stages[clause.stage]}${inside}`;
  });
  return said.join(t.and);
}
