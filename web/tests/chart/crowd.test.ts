import { describe, expect, it } from 'vitest';
import { shelve, TAG_HEIGHT, type Tag } from '../../src/lib/chart/crowd';

const tag = (x: number, weight: number, away: 1 | -1 = 1): Tag => ({ x, y: 100, away, width: 24, weight });

describe('tags that would cover each other', () => {
  it('move outwards, the weightiest nearest to its price', () => {
    const [light, heavy] = shelve([tag(50, 1), tag(55, 9)], 400);
    expect(heavy).toBe(100);
    expect(light).toBeGreaterThanOrEqual(100 + TAG_HEIGHT);
  });

  it('become dots when no shelf is left', () => {
    const tops = shelve(Array.from({ length: 6 }, (_, i) => tag(50 + i, i)), 400);
    expect(tops.filter((top) => top !== null)).toHaveLength(3);
    expect(tops.slice(3).every((top) => top !== null)).toBe(true);
  });

  it('never overlap nor leave the pane, however many they are', () => {
    const tags = Array.from({ length: 300 }, (_, i) => ({ ...tag((i * 37) % 900, i % 7, i % 2 ? 1 : -1), y: 40 + ((i * 53) % 320) }));
    const boxes = shelve(tags, 400).flatMap((top, i) => (top === null ? [] : [{ left: (tags[i]?.x ?? 0) - 12, right: (tags[i]?.x ?? 0) + 12, top, bottom: top + TAG_HEIGHT }]));
    expect(boxes.length).toBeGreaterThan(30);
    for (const [i, a] of boxes.entries()) {
      expect(a.top).toBeGreaterThanOrEqual(0);
      expect(a.bottom).toBeLessThanOrEqual(400);
      for (const b of boxes.slice(i + 1)) expect(a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top).toBe(false);
    }
  });

  it('leave tags alone that have room', () => {
    expect(shelve([tag(0 + 20, 1), tag(200, 1), tag(400, 1, -1)], 400)).toEqual([100, 100, 100 - TAG_HEIGHT]);
  });
});
