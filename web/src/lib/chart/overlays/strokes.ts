// 笔: a thin neutral line.
import type { ChanLine } from '$lib/api/types';
import { ink } from '../ink';
import { registerLayer } from './layer';
import { ownSpot, pathFigures } from './path';

export const STROKES = 'alphaloop_strokes';

registerLayer<ChanLine[]>(
  STROKES,
  (strokes, frame) => pathFigures(strokes, frame, { colour: ink.stroke, size: 1.25, dash: [4, 3], asks: true }, ownSpot(frame)),
  { zLevel: 4 }
);
