// 线段 and the segments made of segments: amber, the higher the thicker.
import type { ChanLine } from '$lib/api/types';
import { ink } from '../ink';
import { registerLayer } from './layer';
import { ownSpot, pathFigures } from './path';

export const SEGMENTS = 'alphaloop_segments';
/** From the lowest level up. */
export type SegmentRows = { lines: ChanLine[]; level: number }[];

registerLayer<SegmentRows>(
  SEGMENTS,
  (levels, frame) =>
    [...levels]
      .reverse()
      .flatMap(({ lines, level }) => pathFigures(lines, frame, { colour: ink.segment, size: level + 1, dash: [7, 4], asks: false }, ownSpot(frame))),
  { zLevel: 3 }
);
