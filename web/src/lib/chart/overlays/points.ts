// 买卖点: a 16 px tag on a 6 px stem; filled once confirmed, a dashed outline with "?" before.
import { utils, type OverlayFigure } from 'klinecharts';
import type { ChanPoint } from '$lib/api/types';
import { FONT, ink } from '../ink';
import { lettering } from '../lettering';
import { registerLayer } from './layer';

export const POINTS = 'alphaloop_points';
const STEM = 6;
const TAG = 16;

registerLayer<ChanPoint[]>(POINTS, (points, frame) => {
  const figures: OverlayFigure[] = [];
  const stacked = new Map<string, number>();
  for (const point of points) {
    if (point.ts < frame.from || point.ts > frame.to) continue;
    const buy = point.side === 'buy';
    const away = buy ? 1 : -1;
    const key = `${point.ts}${point.side}`;
    const level = stacked.get(key) ?? 0;
    stacked.set(key, level + 1);
    const text = lettering.point(point.kind) + (point.sure ? '' : '?');
    const width = utils.calcTextWidth(text, 11, '600', FONT) + 10;
    const x = frame.x(point.ts);
    const tip = frame.y(point.price) + away * 2;
    const near = tip + away * (STEM + level * (TAG + 2));
    const top = buy ? near : near - TAG;
    const colour = buy ? ink.up : ink.down;
    if (level === 0) {
      figures.push({
        type: 'line',
        attrs: { coordinates: [{ x, y: tip }, { x, y: near }] },
        styles: { style: point.sure ? 'solid' : 'dashed', dashedValue: [2, 2], color: colour, size: 1 },
        ignoreEvent: true
      });
    }
    figures.push({
      type: 'rect',
      attrs: { x: x - width / 2, y: top, width, height: TAG },
      styles: {
        style: 'stroke_fill',
        color: point.sure ? (buy ? ink.upSolid : ink.downSolid) : ink.surface,
        borderColor: point.sure ? (buy ? ink.upSolid : ink.downSolid) : colour,
        borderSize: 1,
        borderStyle: point.sure ? 'solid' : 'dashed',
        borderDashedValue: [3, 2],
        borderRadius: 3
      },
      ignoreEvent: true
    });
    figures.push({
      type: 'text',
      attrs: { x, y: top + TAG / 2 + 0.5, text, align: 'center', baseline: 'middle' },
      styles: { color: point.sure ? ink.on : colour, size: 11, family: FONT, weight: '600', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
      ignoreEvent: true
    });
  }
  return figures;
}, { zLevel: 5 });
