// Lines of one level, end to end: what can no longer change is solid, what is confirmed but may still move is solid and
// faint, and the rest is dashed, with a question mark at the open end.
import type { OverlayFigure } from 'klinecharts';
import type { ChanLine } from '$lib/api/types';
import { FONT, faded, MAY_MOVE } from '../ink';
import { spansIn } from '../places';
import type { Frame } from './layer';

export type Look = { colour: string; size: number; dash: [number, number]; asks: boolean };
type Spot = { x: number; y: number };
/** Where an end lies: by its own time, unless a coarser period has to be looked into. */
export type Spotter = (ts: number, price: string, top: boolean) => Spot;

/** A level whose lines come closer than this gives way: it would be a smear, and the level above tells more. */
const CLOSEST_PX = 3;

export function pathFigures(lines: readonly ChanLine[], frame: Frame, look: Look, spot: Spotter): OverlayFigure[] {
  const seen = spansIn(lines, frame.from, frame.to);
  if (seen.length * CLOSEST_PX > frame.span) return [];
  const figures: OverlayFigure[] = [];
  let path: Spot[] = [];
  let firm = true;
  const flush = () => {
    if (path.length > 1) {
      const color = firm ? look.colour : faded(look.colour, MAY_MOVE);
      figures.push({ type: 'line', attrs: { coordinates: path }, styles: { style: 'solid', color, size: look.size }, ignoreEvent: true });
    }
    path = [];
  };
  for (const line of seen) {
    const up = line.direction === 'up';
    const start = spot(line.start_ts, line.start_price, !up);
    const end = spot(line.end_ts, line.end_price, up);
    if (line.sure) {
      if (line.final !== firm) flush();
      firm = line.final;
      if (path.length === 0) path.push(start);
      path.push(end);
      continue;
    }
    flush();
    figures.push({
      type: 'line',
      attrs: { coordinates: [start, end] },
      styles: { style: 'dashed', dashedValue: look.dash, color: look.colour, size: look.size },
      ignoreEvent: true
    });
  }
  flush();
  const last = seen.at(-1);
  if (look.asks && last && last === lines.at(-1) && !last.sure) figures.push(question(last, spot, look.colour));
  return figures;
}

function question(line: ChanLine, spot: Spotter, colour: string): OverlayFigure {
  const up = line.direction === 'up';
  const { x, y } = spot(line.end_ts, line.end_price, up);
  return {
    type: 'text',
    attrs: { x, y: y + (up ? -8 : 8), text: '?', align: 'center', baseline: up ? 'bottom' : 'top' },
    styles: { color: colour, size: 12, family: FONT, weight: '600', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
    ignoreEvent: true
  };
}

/** Ends of the chart's own period: their bar is the one that opened at that time. */
export const ownSpot =
  (frame: Frame): Spotter =>
  (ts, price) => ({ x: frame.x(ts), y: frame.y(price) });
