// Compared strokes: two washes on MACD, amber for the stroke that enters the pivot, blue for the one that leaves it.
import type { OverlayFigure } from 'klinecharts';
import type { Stroke } from '$lib/api/types';
import { FONT, ink } from '../ink';
import { registerLayer } from './layer';

export const COMPARE = 'alphaloop_compare';
export type Compared = { entering: Stroke; leaving: Stroke } | null;

registerLayer<Compared>(COMPARE, (compared, frame) => {
  if (!compared) return [];
  const figures: OverlayFigure[] = [];
  const pairs = [
    { stroke: compared.entering, wash: ink.compareIn, text: ink.segment },
    { stroke: compared.leaving, wash: ink.compareOut, text: ink.pivotText }
  ];
  for (const { stroke, wash, text } of pairs) {
    const x = frame.x(stroke.start_ts);
    const width = frame.x(stroke.end_ts) - x;
    if (x + width < 0 || x > frame.width) continue;
    figures.push({ type: 'rect', attrs: { x, y: 0, width, height: frame.height }, styles: { style: 'fill', color: wash }, ignoreEvent: true });
    figures.push({
      type: 'text',
      attrs: { x: x + 5, y: 24, text: String(stroke.n), align: 'left', baseline: 'top' },
      styles: { color: text, size: 12, family: FONT, weight: '500', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
      ignoreEvent: true
    });
  }
  return figures;
}, { zLevel: 1 });
