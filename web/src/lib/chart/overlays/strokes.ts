// 笔: a neutral polyline through confirmed ends; the open end is dashed and carries a question mark.
import type { OverlayFigure } from 'klinecharts';
import type { Stroke } from '$lib/api/types';
import { FONT, ink } from '../ink';
import { registerLayer } from './layer';

export const STROKES = 'alphaloop_strokes';

registerLayer<Stroke[]>(STROKES, (strokes, frame) => {
  const seen = strokes.filter((stroke) => stroke.end_ts >= frame.from && stroke.start_ts <= frame.to);
  const figures: OverlayFigure[] = [];
  let path: { x: number; y: number }[] = [];
  const flush = () => {
    if (path.length > 1) {
      figures.push({ type: 'line', attrs: { coordinates: path }, styles: { style: 'solid', color: ink.stroke, size: 1.25 }, ignoreEvent: true });
    }
    path = [];
  };
  for (const stroke of seen) {
    const start = { x: frame.x(stroke.start_ts), y: frame.y(stroke.start_price) };
    const end = { x: frame.x(stroke.end_ts), y: frame.y(stroke.end_price) };
    if (stroke.sure) {
      if (path.length === 0) path.push(start);
      path.push(end);
      continue;
    }
    flush();
    figures.push({
      type: 'line',
      attrs: { coordinates: [start, end] },
      styles: { style: 'dashed', dashedValue: [4, 3], color: ink.stroke, size: 1.25 },
      ignoreEvent: true
    });
    figures.push({
      type: 'text',
      attrs: { x: end.x, y: end.y + (stroke.direction === 'up' ? -8 : 8), text: '?', align: 'center', baseline: stroke.direction === 'up' ? 'bottom' : 'top' },
      styles: { color: ink.text2, size: 12, family: FONT, weight: '500', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
      ignoreEvent: true
    });
  }
  flush();
  return figures;
}, { zLevel: 3 });
