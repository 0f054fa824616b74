// Fills: a triangle that points the way of the trade; paper fills are blue.
import type { OverlayFigure } from 'klinecharts';
import type { Fill } from '$lib/api/types';
import { ink } from '../ink';
import { registerLayer } from './layer';

export const FILLS = 'alphaloop_fills';

registerLayer<Fill[]>(FILLS, (fills, frame) => {
  const figures: OverlayFigure[] = [];
  for (const fill of fills) {
    if (fill.ts < frame.from || fill.ts > frame.to) continue;
    const away = fill.side === 'BUY' ? 1 : -1;
    const x = frame.x(fill.ts);
    const y = frame.y(fill.price) + away * 2;
    figures.push({
      type: 'polygon',
      attrs: { coordinates: [{ x, y }, { x: x - 5, y: y + away * 8 }, { x: x + 5, y: y + away * 8 }] },
      styles: { style: 'stroke_fill', color: ink.entry, borderColor: ink.surface, borderSize: 1 },
      ignoreEvent: true
    });
  }
  return figures;
}, { zLevel: 7 });
