// 分型: a small mark above a top and below a bottom.
import type { OverlayFigure } from 'klinecharts';
import type { Fractal } from '$lib/api/types';
import { ink } from '../ink';
import { registerLayer } from './layer';

export const FRACTALS = 'alphaloop_fractals';

registerLayer<Fractal[]>(FRACTALS, (fractals, frame) => {
  const figures: OverlayFigure[] = [];
  for (const fractal of fractals) {
    if (fractal.ts < frame.from || fractal.ts > frame.to) continue;
    const away = fractal.kind === 'top' ? -1 : 1;
    const x = frame.x(fractal.ts);
    const y = frame.y(fractal.price) + away * 5;
    figures.push({
      type: 'polygon',
      attrs: { coordinates: [{ x, y }, { x: x - 3, y: y + away * 4 }, { x: x + 3, y: y + away * 4 }] },
      styles: { style: 'fill', color: ink.fractal },
      ignoreEvent: true
    });
  }
  return figures;
}, { zLevel: 2 });
