// Ex-dates: a small tag at the foot of the bar from which a share trades without its dividend, bonus or right.
import type { OverlayFigure } from 'klinecharts';
import type { CorporateAction } from '$lib/api/types';
import { FONT, ink } from '../ink';
import { lettering } from '../lettering';
import { registerLayer } from './layer';

export const EX_DATES = 'alphaloop_exdates';
/** `ts` is the bar on the chart that it falls on. */
export type ExDate = { ts: number; action: CorporateAction };
/** Tags closer than this are one: the nearest names the rest. */
const APART_PX = 22;

registerLayer<ExDate[]>(EX_DATES, (dates, frame) => {
  const figures: OverlayFigure[] = [];
  let previous = -Infinity;
  for (const { ts } of dates) {
    if (ts < frame.from || ts > frame.to) continue;
    const x = frame.x(ts);
    if (x - previous < APART_PX) continue;
    previous = x;
    figures.push({
      type: 'text',
      attrs: { x, y: frame.height - 3, text: lettering.exDate, align: 'center', baseline: 'bottom' },
      styles: {
        color: ink.text2, size: lettering.chinese ? 12 : 11, family: FONT, backgroundColor: ink.raised, borderColor: ink.text3, borderSize: 1, borderRadius: 3, borderStyle: 'solid', style: 'stroke_fill',
        paddingLeft: 3, paddingRight: 3, paddingTop: 2, paddingBottom: 2
      },
      ignoreEvent: true
    });
  }
  return figures;
}, { zLevel: 6 });
