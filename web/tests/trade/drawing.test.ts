import { describe, expect, it } from 'vitest';
import type { ChanPoint, Pivot, Segment, Stroke } from '../../src/lib/api/types';
import { drawingOf, runOf, type Wanted } from '../../src/lib/features/trade/drawing';
import { zh } from '../../src/lib/i18n/index.svelte';
import { structureWith } from '../research/structures';

const life = { sure: true, final: true, known_ts: 0, confirmed_ts: 0 };
const stroke = (n: number): Stroke => ({ n, start_ts: n, end_ts: n + 1, start_price: '1', end_price: '2', direction: n % 2 ? 'down' : 'up', ...life });
const segment = (n: number, lines: number): Segment => ({ ...stroke(n), first_line: 0, last_line: lines - 1, reason: 'proven' });
const pivot = (n: number, zd: number, zg: number): Pivot => ({
  n, start_ts: n, end_ts: n + 1, zd: String(zd), zg: String(zg), dd: '0', gg: '9', first_line: 0, last_line: 2, segment: null, parts: 1, ...life
});
const point = (ts: number, kind: string): ChanPoint => ({
  n: 0, ts, price: '1', kind, side: kind.startsWith('B') ? 'buy' : 'sell', line: 0, pivot: null, of_line: null, ratio: null, ...life
});
const everything: Wanted = { shows: () => true, has: () => true };
const structure = structureWith({
  strokes: [stroke(0), stroke(1)],
  segments: [segment(0, 3), segment(1, 1)],
  pivots: [pivot(0, 1, 2)],
  segment_pivots: [pivot(0, 1, 5)],
  points: [point(9, 'B1'), point(3, 'S2')],
  segment_points: [point(4, 'S1')]
});

describe('what the chart draws', () => {
  it('never shows fewer than three lines as a segment', () => {
    expect(drawingOf(structure, [], everything, zh.chan).segments).toEqual([{ lines: [structure.segments[0]], level: 1 }]);
  });

  it('puts the boxes of higher levels behind those of lower ones', () => {
    const drawing = drawingOf(structure, [{ timeframe: '4h', structure }], everything, zh.chan);
    expect(drawing.pivots.levels.map((level) => level.name)).toEqual(['4h 中枢', '线段中枢', '笔中枢']);
  });

  it('brings the points of every level into the order of time', () => {
    const drawing = drawingOf(structure, [], everything, zh.chan);
    expect(drawing.points.map((level) => level.points.map((row) => row.ts))).toEqual([[3, 9], [4]]);
    expect(drawing.pivots.points.map((row) => row.ts)).toEqual([3, 4, 9]);
  });

  it('leaves out levels and layers that are switched off', () => {
    const strokesOnly = drawingOf(structure, [], { shows: (layer) => layer !== 'points', has: (level) => level === 'stroke' }, zh.chan);
    expect(strokesOnly.strokes).toHaveLength(2);
    expect([strokesOnly.segments, strokesOnly.points, strokesOnly.higher]).toEqual([[], [], []]);
    expect(strokesOnly.pivots.levels.map((level) => level.hue)).toEqual([1]);
    const nothing = drawingOf(structure, [], { shows: () => false, has: () => true }, zh.chan);
    expect([nothing.strokes, nothing.segments, nothing.points, nothing.fractals, nothing.pivots.levels]).toEqual([[], [], [], [], []]);
  });

  it('draws nothing before there is a structure', () => {
    expect(drawingOf(null, [], everything, zh.chan).strokes).toEqual([]);
  });
});

describe('the present run of pivots', () => {
  it('ends where two of them overlap or the direction turns', () => {
    expect(runOf([pivot(0, 5, 6), pivot(1, 1, 2), pivot(2, 3, 4), pivot(3, 5, 6)])).toBe(3);
    expect(runOf([pivot(0, 1, 3), pivot(1, 2, 4)])).toBe(1);
    expect(runOf([pivot(0, 1, 3)])).toBe(1);
    expect(runOf([])).toBe(0);
  });
});
