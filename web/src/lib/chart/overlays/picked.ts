// What the open explanation speaks of: rings around the places a person chose, and the lines and the pivot behind it.
import type { OverlayFigure } from 'klinecharts';
import { faded, ink } from '../ink';
import { registerLayer } from './layer';

export const PICKED = 'alphaloop_picked';
export type PickedLine = { start_ts: number; start_price: string; end_ts: number; end_price: string; tone: 'in' | 'out' | 'plain' };
export type Picked = {
  rings: { ts: number; price: string }[];
  lines: PickedLine[];
  box: { start_ts: number; end_ts: number; zg: string; zd: string } | null;
};

const RING_PX = 7;

registerLayer<Picked | null>(
  PICKED,
  (picked, frame) => {
    if (!picked) return [];
    const tones = { in: ink.segment, out: ink.accent, plain: ink.text1 };
    const figures: OverlayFigure[] = picked.lines.map((line) => ({
      type: 'line',
      attrs: {
        coordinates: [
          { x: frame.x(line.start_ts), y: frame.y(line.start_price) },
          { x: frame.x(line.end_ts), y: frame.y(line.end_price) }
        ]
      },
      styles: { style: 'solid', color: faded(tones[line.tone], 0.55), size: 5 },
      ignoreEvent: true
    }));
    if (picked.box) {
      const [left, right] = [frame.x(picked.box.start_ts), frame.x(picked.box.end_ts)];
      const [top, bottom] = [frame.y(picked.box.zg), frame.y(picked.box.zd)];
      figures.push({
        type: 'rect',
        attrs: { x: left, y: top, width: right - left, height: Math.max(1, bottom - top) },
        styles: { style: 'stroke', color: 'transparent', borderColor: ink.accent, borderSize: 2 },
        ignoreEvent: true
      });
    }
    for (const ring of picked.rings) {
      figures.push({
        type: 'circle',
        attrs: { x: frame.x(ring.ts), y: frame.y(ring.price), r: RING_PX },
        styles: { style: 'stroke', color: 'transparent', borderColor: ink.accent, borderSize: 2 },
        ignoreEvent: true
      });
    }
    return figures;
  },
  { zLevel: 8 }
);
