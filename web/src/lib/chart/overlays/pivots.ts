// 笔中枢: a washed box from the lowest high to the highest low; dashed until final, labelled where it hides the least.
import { utils, type OverlayFigure } from 'klinecharts';
import type { ChanPoint, Pivot } from '$lib/api/types';
import { FONT, ink } from '../ink';
import { lettering } from '../lettering';
import { registerLayer, type Frame } from './layer';

export const PIVOTS = 'alphaloop_pivots';
/** `numbered` pivots at the end of the list belong to the present trend and are counted 1, 2, … */
export type PivotRows = { pivots: Pivot[]; numbered: number; points: ChanPoint[] };

type Box = { left: number; right: number; top: number; bottom: number };

/** Room a point's tag takes above or below its price. */
const TAG_REACH = 28;
const TAG_COST = 40;

function tagged(frame: Frame, points: ChanPoint[], box: Box): number {
  return points.filter((point) => {
    const x = frame.x(point.ts);
    if (x < box.left - 16 || x > box.right + 16) return false;
    const y = frame.y(point.price);
    const [top, bottom] = point.side === 'buy' ? [y, y + TAG_REACH] : [y - TAG_REACH, y];
    return top < box.bottom && bottom > box.top;
  }).length;
}

function crossed(frame: Frame, box: Box): number {
  const bars = frame.chart.getDataList();
  const range = frame.chart.getVisibleRange();
  let count = box.left < 0 || box.right > frame.width ? 1000 : 0;
  for (let i = Math.max(0, range.from); i < Math.min(bars.length, range.to); i += 1) {
    const bar = bars[i];
    if (!bar) continue;
    const x = frame.x(bar.timestamp);
    if (x < box.left || x > box.right) continue;
    if (frame.y(bar.high) < box.bottom && frame.y(bar.low) > box.top) count += 1;
  }
  return count;
}

function labelPlace(frame: Frame, points: ChanPoint[], box: Box, width: number): { x: number; y: number } {
  const height = 16;
  const places = [
    { x: box.right - width, y: box.bottom + 2 },
    { x: box.right - width, y: box.top - height - 2 },
    { x: box.left, y: box.bottom + 2 },
    { x: box.left, y: box.top - height - 2 }
  ];
  let best = places[0] as { x: number; y: number };
  let least = Infinity;
  for (const place of places) {
    const label = { left: place.x, right: place.x + width, top: place.y, bottom: place.y + height };
    const cost = crossed(frame, label) + TAG_COST * tagged(frame, points, label);
    if (cost < least) {
      least = cost;
      best = place;
    }
  }
  return best;
}

registerLayer<PivotRows>(PIVOTS, ({ pivots, numbered, points }, frame) => {
  const near = points.filter((point) => point.ts >= frame.from && point.ts <= frame.to);
  const figures: OverlayFigure[] = [];
  pivots.forEach((pivot, index) => {
    if (pivot.end_ts < frame.from || pivot.start_ts > frame.to) return;
    const box = { left: frame.x(pivot.start_ts), right: frame.x(pivot.end_ts), top: frame.y(pivot.zg), bottom: frame.y(pivot.zd) };
    figures.push({
      type: 'rect',
      attrs: { x: box.left, y: box.top, width: box.right - box.left, height: Math.max(1, box.bottom - box.top) },
      styles: {
        style: 'stroke_fill',
        color: ink.pivotFill,
        borderColor: ink.pivotLine,
        borderSize: 1,
        borderStyle: pivot.final ? 'solid' : 'dashed',
        borderDashedValue: [4, 3]
      },
      ignoreEvent: true
    });
    const number = index - (pivots.length - numbered) + 1;
    if (number < 1 && box.right - box.left < 90) return;
    const text = `${lettering.pivot}${number >= 1 ? ` ${number}` : ''}${pivot.final ? '' : ' ?'}`;
    const place = labelPlace(frame, near, box, utils.calcTextWidth(text, 12, '500', FONT));
    figures.push({
      type: 'text',
      attrs: { x: place.x, y: place.y, text, align: 'left', baseline: 'top' },
      styles: { color: ink.pivotText, size: 12, family: FONT, weight: '500', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 1, paddingBottom: 1 },
      ignoreEvent: true
    });
  });
  return figures;
}, { zLevel: 1 });
