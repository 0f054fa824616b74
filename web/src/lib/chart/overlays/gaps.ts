// Missing bars: an amber band where a gap lies between two bars, with how many are missing.
import type { OverlayFigure } from 'klinecharts';
import type { Health } from '$lib/api/types';
import { ink } from '../ink';
import { registerLayer } from './layer';

export const GAPS = 'alphaloop_gaps';

registerLayer<Health['gaps']>(GAPS, (gaps, frame) => {
  const figures: OverlayFigure[] = [];
  for (const gap of gaps) {
    if (gap.to_ts < frame.from || gap.from_ts > frame.to) continue;
    const x = frame.x(gap.from_ts);
    const width = Math.max(3, frame.x(gap.to_ts) - x);
    figures.push({ type: 'rect', attrs: { x, y: 0, width, height: frame.height }, styles: { style: 'fill', color: ink.warnWeak }, ignoreEvent: true });
  }
  return figures;
}, { zLevel: 0 });
