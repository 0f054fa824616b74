// Missing bars: an amber band where a gap lies between two bars, with how many are missing.
import type { OverlayFigure } from 'klinecharts';
import type { Health } from '$lib/api/types';
import { FONT, ink } from '../ink';
import { lettering } from '../lettering';
import { registerLayer } from './layer';

export const GAPS = 'alphaloop_gaps';

registerLayer<Health['gaps']>(GAPS, (gaps, frame) => {
  const figures: OverlayFigure[] = [];
  for (const gap of gaps) {
    if (gap.to_ts < frame.from || gap.from_ts > frame.to) continue;
    const x = frame.x(gap.from_ts);
    const width = Math.max(3, frame.x(gap.to_ts) - x);
    figures.push({
      type: 'text',
      attrs: { x: x + width + 4, y: frame.height - 6, text: lettering.missing(gap.missing), align: 'left', baseline: 'bottom' },
      styles: { color: ink.warn, size: 12, family: FONT, backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
      ignoreEvent: true
    });
    figures.push({ type: 'rect', attrs: { x, y: 0, width, height: frame.height }, styles: { style: 'fill', color: ink.warnWeak }, ignoreEvent: true });
  }
  return figures;
}, { zLevel: 0 });
