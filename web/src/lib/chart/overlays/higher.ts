// Coarser periods over the chart's own: their lines thick and faint, their pivots in the hue of higher levels. A coarse
// bar only says when it opened, so each end is looked up among the finer bars inside it.
import type { OverlayFigure } from 'klinecharts';
import type { ChanLine } from '$lib/api/types';
import { FONT, faded, ink } from '../ink';
import { extremeInside, spansIn } from '../places';
import { registerLayer, type Frame } from './layer';
import { pathFigures, type Spotter } from './path';

export const HIGHER = 'alphaloop_higher';
/** From the finest to the coarsest; `lengthMs` is the period's. */
export type HigherRows = { name: string; lengthMs: number; lines: ChanLine[] }[];

const insideSpot =
  (frame: Frame, lengthMs: number): Spotter =>
  (ts, price, top) => ({ x: frame.at(extremeInside(frame.bars, ts, lengthMs, top ? 'high' : 'low')), y: frame.y(price) });

function nameTag(name: string, lines: ChanLine[], frame: Frame, spot: Spotter): OverlayFigure[] {
  const last = spansIn(lines, frame.from, frame.to).at(-1);
  if (!last) return [];
  const start = spot(last.start_ts, last.start_price, last.direction === 'down');
  const end = spot(last.end_ts, last.end_price, last.direction === 'up');
  const [left, right] = [Math.max(0, start.x), Math.min(frame.width, end.x)];
  const x = (left + right) / 2;
  const share = end.x === start.x ? 0 : (x - start.x) / (end.x - start.x);
  return [
    {
      type: 'text',
      attrs: { x, y: start.y + (end.y - start.y) * share, text: name, align: 'center', baseline: 'middle' },
      styles: { color: ink.pivot3Text, size: 11, family: FONT, weight: '600', backgroundColor: ink.surface, borderRadius: 3, paddingLeft: 4, paddingRight: 4, paddingTop: 2, paddingBottom: 2 },
      ignoreEvent: true
    }
  ];
}

registerLayer<HigherRows>(
  HIGHER,
  (levels, frame) =>
    [...levels].reverse().flatMap(({ name, lengthMs, lines }, place) => {
      const spot = insideSpot(frame, lengthMs);
      const size = 2 + (levels.length - place) * 0.75;
      const path = pathFigures(lines, frame, { colour: faded(ink.pivot3Text, 0.6), size, dash: [8, 5], asks: false }, spot);
      return path.length ? [...path, ...nameTag(name, lines, frame, spot)] : [];
    }),
  { zLevel: 2 }
);
