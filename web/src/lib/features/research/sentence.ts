// The one sentence that answers "where am I?", from the platform's parts of the state.
import type { ChanPoint, ChanSentence, Structure } from '$lib/api/types';
import type { Words } from '$lib/i18n/index.svelte';
import { plain } from '$lib/format/numbers';

export function pointName(kind: string, words: Words['chan'], style: 'B1' | 'zh'): string {
  return style === 'zh' ? (words.names[kind] ?? kind) : kind;
}

/** The point the sentence names, wherever the platform put it. */
export function pointOf(state: ChanSentence | null, points: ChanPoint[]): { kind: string; sure: boolean } | null {
  if (!state?.point) return null;
  if (typeof state.point === 'object') return state.point;
  const kind = state.point;
  const last = [...points].reverse().find((point) => point.kind === kind);
  return { kind, sure: last?.sure ?? state.sure ?? false };
}

export function sentence(structure: Structure | null, words: Words['chan'], style: 'B1' | 'zh', short = false): string {
  const state = structure?.state ?? null;
  if (!structure || !state || structure.strokes.length === 0) return words.noStructure;
  const parts: string[] = [];
  const pivots = state.pivots ?? 0;
  const key = state.key ?? '';
  const up = state.direction === 'up';
  if (pivots >= 2) parts.push(short ? (up ? words.rising : words.falling) : up ? words.upTrend : words.downTrend);
  else parts.push(up ? words.upStroke : words.downStroke);
  if (key.includes('in_pivot')) parts.push(words.inPivot(String(Math.max(1, pivots))));
  else if (key.includes('leaving')) parts.push(words.leavingPivot(String(Math.max(1, pivots))));
  else if (pivots > 0 && !short) parts.push(words.pivotCount(pivots));
  if (state.ratio !== null && state.ratio !== undefined) parts.push(words.ratio(plain(state.ratio)));
  const point = pointOf(state, structure.points);
  if (point) {
    const name = pointName(point.kind, words, style);
    parts.push(short ? `${name}${point.sure ? '' : '?'}` : words.pointIs(name, point.sure));
  }
  return parts.join(' · ');
}
