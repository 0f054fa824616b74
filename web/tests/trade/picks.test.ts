import { describe, expect, it } from 'vitest';
import type { ChanPoint, Fractal, PointExplained, Segment, Stroke } from '../../src/lib/api/types';
import { pickedOf, sameRow } from '../../src/lib/features/trade/explain.svelte';
import { pickAt, type Eye } from '../../src/lib/features/trade/picks';
import { structureWith } from '../research/structures';

const life = { sure: true, final: false, known_ts: 0, confirmed_ts: 0 };
const fractal = (ts: number, kind: 'top' | 'bottom'): Fractal => ({ ts, price: '100', kind });
const stroke = (n: number): Stroke => ({ n, start_ts: n * 100, end_ts: n * 100 + 100, start_price: '1', end_price: '100', direction: 'up', ...life });
const segment = (n: number): Segment => ({ ...stroke(n), first_line: 0, last_line: 2, reason: 'proven' });
const point = (ts: number, kind = 'B1'): ChanPoint => ({ n: 4, ts, price: '100', kind, side: 'buy', line: 0, pivot: null, of_line: null, ratio: null, ...life });

/** One pixel a unit of time, one a unit of price. */
const eye: Eye = { inView: { from: 0, to: 1000 }, spotOf: (ts, price) => ({ x: ts, y: Number(price) }), pointAt: () => null };
const can = { segments: true, segments2: false, fractals: true, onlyFractals: false };
const structure = structureWith({ segments: [segment(0), segment(1)], fractals: [fractal(100, 'top'), fractal(400, 'bottom')], points: [point(300)] });

describe('a click on the chart', () => {
  it('means the point whose tag it hit before anything else', () => {
    const hit: Eye = { ...eye, pointAt: () => ({ point: point(300), rank: 1, left: 0, right: 0, top: 0, bottom: 0 }) };
    expect(pickAt(structure, { x: 100, y: 100 }, hit, can)).toMatchObject({ layer: 'point', level: 1, row: { ts: 300 } });
  });

  it('cannot ask about a coarser period’s point, whose rules are elsewhere', () => {
    const hit: Eye = { ...eye, pointAt: () => ({ point: point(300), rank: 2, left: 0, right: 0, top: 0, bottom: 0 }) };
    expect(pickAt(structure, { x: 700, y: 500 }, hit, can)).toBeNull();
  });

  it('means the end of a segment when it is near', () => {
    expect(pickAt(structure, { x: 104, y: 104 }, eye, can)).toMatchObject({ layer: 'segment', level: 0, row: { n: 0 } });
    expect(pickAt(structure, { x: 150, y: 100 }, eye, can)).toBeNull();
  });

  it('means a fractal where its mark stands, and only that while someone asks about two', () => {
    expect(pickAt(structure, { x: 400, y: 107 }, eye, can)).toMatchObject({ layer: 'fractal', row: { ts: 400 } });
    expect(pickAt(structure, { x: 100, y: 93 }, eye, { ...can, onlyFractals: true })).toMatchObject({ layer: 'fractal', row: { ts: 100 } });
  });

  it('means nothing that is not shown', () => {
    expect(pickAt(structure, { x: 100, y: 93 }, eye, { ...can, segments: false, fractals: false })).toBeNull();
  });
});

describe('what is explained, while bars close', () => {
  it('stays the same point at the same bar although its number shifts', () => {
    const next = structureWith({ points: [{ ...point(300), n: 9, final: true }] });
    expect(sameRow(next, { layer: 'point', level: 0, row: point(300) })).toMatchObject({ n: 9, final: true });
  });

  it('is gone when no such point stands there any more', () => {
    expect(sameRow(structureWith({}), { layer: 'point', level: 0, row: point(300) })).toBeNull();
    expect(sameRow(structureWith({ points: [point(300, 'B2')] }), { layer: 'point', level: 0, row: point(300) })).toBeNull();
  });

  it('is the segment that began there, wherever its end has moved', () => {
    const moved = { ...segment(1), end_ts: 900 };
    expect(sameRow(structureWith({ segments: [segment(0), moved] }), { layer: 'segment', level: 0, row: segment(1) })).toBe(moved);
  });
});

describe('what the chart marks for it', () => {
  const line = (n: number) => ({ n, start_ts: 0, end_ts: 1, direction: 'down' as const, start_price: '2', end_price: '1' });

  it('is the point, both lines it compares and the pivot it left', () => {
    const pivot = { n: 1, start_ts: 0, end_ts: 9, zg: '5', zd: '4', gg: '6', dd: '3', first_line: 0, last_line: 2 };
    const told = { layer: 'point', line: line(5), compared: line(3), pivot } as unknown as PointExplained;
    const picked = pickedOf({ layer: 'point', level: 0, row: point(300) }, told, structure);
    expect(picked.rings).toEqual([{ ts: 300, price: '100' }]);
    expect(picked.lines.map((row) => row.tone)).toEqual(['in', 'out']);
    expect(picked.box).toBe(pivot);
  });

  it('is both fractals, one after the other, before there is an answer', () => {
    const first = fractal(100, 'top');
    expect(pickedOf({ layer: 'pair', first, second: null }, null, structure)).toEqual({ rings: [first], lines: [], box: null });
  });
});
