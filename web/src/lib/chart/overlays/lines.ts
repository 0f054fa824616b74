// Entry, stop, take and position lines with their tags on the price axis; the page hangs its labels on them.
import type { OverlayFigure } from 'klinecharts';
import { plain } from '$lib/format/numbers';
import { FONT, ink } from '../ink';
import { lettering } from '../lettering';
import { registerLayer } from './layer';

export const LINES = 'alphaloop_lines';
export type LineKind = 'entry' | 'stop' | 'take' | 'position';
export type PriceLine = { id: string; kind: LineKind; price: string };
/** `onplace` hears where each line lies after every draw, in pixels from the top of the main pane. */
export type LineRows = { lines: PriceLine[]; onplace: (places: Map<string, number>, height: number) => void };

export function lineInk(kind: LineKind): { line: string; solid: string } {
  switch (kind) {
    case 'entry':
      return { line: ink.entry, solid: ink.entrySolid };
    case 'stop':
      return { line: ink.stop, solid: ink.stopSolid };
    case 'take':
      return { line: ink.take, solid: ink.takeSolid };
    default:
      return { line: ink.position, solid: ink.positionSolid };
  }
}

registerLayer<LineRows>(
  LINES,
  ({ lines, onplace }, frame) => {
    const places = new Map<string, number>();
    const figures: OverlayFigure[] = lines.map((line) => {
      const y = frame.y(line.price);
      places.set(line.id, y);
      return {
        type: 'line',
        attrs: { coordinates: [{ x: 0, y }, { x: frame.width, y }] },
        styles: { style: line.kind === 'position' ? 'solid' : 'dashed', dashedValue: [6, 4], color: lineInk(line.kind).line, size: 1 },
        ignoreEvent: true
      };
    });
    onplace(places, frame.height);
    return figures;
  },
  {
    zLevel: 6,
    axis: ({ lines }, frame) =>
      lines.map((line) => ({
        type: 'text',
        attrs: { x: 0, y: frame.y(line.price), text: plain(line.price, lettering.priceDecimals), align: 'left', baseline: 'middle' },
        styles: {
          color: ink.on,
          size: 11,
          family: FONT,
          weight: '600',
          backgroundColor: lineInk(line.kind).solid,
          borderRadius: 3,
          paddingLeft: 6,
          paddingRight: 6,
          paddingTop: 3,
          paddingBottom: 3
        },
        ignoreEvent: true
      }))
  }
);
