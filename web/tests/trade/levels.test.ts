import { describe, expect, it } from 'vitest';
import { readChoice } from '../../src/lib/features/trade/levels.svelte';

describe('what a person chose to see', () => {
  it('is strokes and segments by the default configuration until they choose', () => {
    expect(readChoice(null)).toMatchObject({ config: 'CN-STRICT-1', levels: ['stroke', 'segment'] });
  });

  it('comes back as it was kept', () => {
    const kept = { config: 'czsc-6', adjust: 'forward-sub@2024-06-28', levels: ['segment', '4h'], layers: { lines: true, pivots: false, points: true, withdrawn: true, fractals: true, orders: true, fills: false } };
    expect(readChoice(JSON.stringify(kept))).toEqual(kept);
  });

  it('forgets what this page does not know, and anything that cannot be read', () => {
    expect(readChoice('{"config":"mine","adjust":"sideways","layers":{"pivots":"yes","other":true},"levels":["stroke",7]}')).toEqual({ ...readChoice(null), levels: ['stroke'] });
    expect(readChoice('{not json')).toEqual(readChoice(null));
  });
});
