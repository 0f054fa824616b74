import { describe, expect, it } from 'vitest';
import type { ChanDelta, Stroke, Structure } from '../../src/lib/api/types';
import { structureWith } from './structures';
import { applyDelta, fits, mergeRows } from '../../src/lib/features/research/delta';

const stroke = (n: number, sure = true): Stroke => ({
  n,
  start_ts: n * 100,
  start_price: '1',
  end_ts: n * 100 + 100,
  end_price: '2',
  direction: n % 2 ? 'down' : 'up',
  sure,
  final: sure,
  known_ts: n * 100,
  confirmed_ts: sure ? n * 100 + 100 : null
});

/** A window that begins at stroke 40 of the series. */
const structure = (): Structure =>
  structureWith({
    as_of_ms: 4300,
    first_ts: 4000,
    first: { fractals: 0, strokes: 40, pivots: 5, points: 2, segments: 3, segment_pivots: 0, segment_points: 0, segments2: 0 },
    strokes: [stroke(40), stroke(41), stroke(42, false)]
  });

describe('a structure that grows bar by bar', () => {
  it('replaces the open stroke and appends the next', () => {
    const delta: ChanDelta = { strokes: { from: 42, rows: [stroke(42), stroke(43, false)] } };
    const next = applyDelta(structure(), delta, 4400);
    expect(next.strokes.map((row) => [row.n, row.sure])).toEqual([[40, true], [41, true], [42, true], [43, false]]);
    expect(next.as_of_ms).toBe(4400);
    expect(next.bars).toBe(101);
  });

  it('withdraws a row that no longer holds', () => {
    const next = applyDelta(structure(), { strokes: { from: 42, rows: [] } }, 4400);
    expect(next.strokes.map((row) => row.n)).toEqual([40, 41]);
  });

  it('leaves the structure it was given untouched', () => {
    const before = structure();
    applyDelta(before, { strokes: { from: 40, rows: [] } }, 4400);
    expect(before.strokes).toHaveLength(3);
  });

  it('takes everything when the change begins before the window', () => {
    expect(mergeRows(['c', 'd'], 2, { from: 1, rows: ['B', 'C'] })).toEqual({ rows: ['B', 'C'], first: 1 });
  });

  it('keeps layers that the change does not name', () => {
    expect(mergeRows(['a'], 3, undefined)).toEqual({ rows: ['a'], first: 3 });
    const next = applyDelta(structure(), {}, 4400);
    expect(next.strokes).toEqual(structure().strokes);
    expect(next.state).toBeNull();
  });

  it('grows every layer, whatever its level', () => {
    const segment = { ...stroke(3), first_line: 9, last_line: 13, reason: 'proven' as const };
    const next = applyDelta(structure(), { segments: { from: 3, rows: [segment] }, segments2: { from: 0, rows: [] } }, 4400);
    expect(next.segments).toEqual([segment]);
    expect(next.first.segments).toBe(3);
    expect(fits(next, { segments: { from: 5, rows: [] } })).toBe(false);
  });

  it('keeps the very rows when nothing changed, so that nothing is drawn anew', () => {
    const have = ['a', 'b'];
    expect(mergeRows(have, 3, { from: 5, rows: [] }).rows).toBe(have);
  });

  it('notices when rows were missed', () => {
    expect(fits(structure(), { strokes: { from: 43, rows: [] } })).toBe(true);
    expect(fits(structure(), { strokes: { from: 44, rows: [] } })).toBe(false);
    expect(fits(structure(), { pivots: { from: 6, rows: [] } })).toBe(false);
  });
});
