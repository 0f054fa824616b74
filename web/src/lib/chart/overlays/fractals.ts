// 分型: a small mark above a top and below a bottom.
import type { OverlayFigure } from 'klinecharts';
import type { Fractal } from '$lib/api/types';
import { ink } from '../ink';
import { momentsIn } from '../places';
import { registerLayer } from './layer';

export const FRACTALS = 'alphaloop_fractals';
/** Marks closer than this on average would only be a grey band. */
const CLOSEST_PX = 5;

registerLayer<Fractal[]>(
  FRACTALS,
  (fractals, frame) => {
    const seen = momentsIn(fractals, frame.from, frame.to);
    if (seen.length * CLOSEST_PX > frame.span) return [];
    return seen.map((fractal): OverlayFigure => {
      const away = fractal.kind === 'top' ? -1 : 1;
      const x = frame.x(fractal.ts);
      const y = frame.y(fractal.price) + away * 5;
      return {
        type: 'polygon',
        attrs: { coordinates: [{ x, y }, { x: x - 3, y: y + away * 4 }, { x: x + 3, y: y + away * 4 }] },
        styles: { style: 'fill', color: ink.fractal },
        ignoreEvent: true
      };
    });
  },
  { zLevel: 2 }
);
