// The one sentence that answers "where am I?", from the platform's parts of the state.
import type { Structure } from '$lib/api/types';
import type { Words } from '$lib/i18n/index.svelte';
import { plain, share } from '$lib/format/numbers';

export function pointName(kind: string, words: Words['chan'], style: 'B1' | 'zh'): string {
  return style === 'zh' ? (words.names[kind] ?? kind) : kind;
}

/** `short` is for a phone: fewer words, a question mark instead of "provisional". */
export function sentence(structure: Structure | null, words: Words['chan'], style: 'B1' | 'zh', short = false): string {
  if (structure && structure.bars > 0 && structure.bars < 3) return words.oneBar(structure.bars);
  const state = structure?.state;
  if (!state) return words.noStructure;
  const up = state.direction === 'up';
  const parts: string[] = [];
  if (state.pivots < 2) parts.push(up ? words.upStroke : words.downStroke);
  else if (short) parts.push(up ? words.rising : words.falling);
  else parts.push(up ? words.upTrend : words.downTrend);
  const number = String(Math.max(1, state.pivots));
  if (state.key === 'in_pivot') parts.push(words.inPivot(number));
  else if (state.key !== 'up' && state.key !== 'down') parts.push(words.leavingPivot(number));
  else if (state.pivots > 0) parts.push(words.pivotCount(state.pivots));
  const back = /2s?$/.test(state.point?.kind ?? '');
  if (state.ratio !== null) parts.push(back ? words.givenBack(share(state.ratio * 100, 0)) : words.ratio(plain(state.ratio)));
  if (state.point) {
    const name = pointName(state.point.kind, words, style);
    parts.push(short ? `${name}${state.point.sure ? '' : '?'}` : words.pointIs(name, state.point.sure));
  }
  return parts.join(' · ');
}
