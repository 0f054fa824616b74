// 中枢: a washed box from the lowest high to the highest low, dashed until final. One hue per level, the smaller boxes
// in front of the larger they lie in; labels stand outside, where they hide the least.
import { utils, type OverlayFigure } from 'klinecharts';
import type { ChanPoint, Pivot } from '$lib/api/types';
import { FONT, ink } from '../ink';
import { momentsIn, spansIn } from '../places';
import { registerLayer, type Frame } from './layer';

export const PIVOTS = 'alphaloop_pivots';
/** `numbered` pivots at the end of the list belong to the present trend and are counted 1, 2, … */
export type PivotLevel = { pivots: Pivot[]; numbered: number; hue: 1 | 2 | 3; name: string };
/** From the highest level down; `points` are kept clear of labels. */
export type PivotRows = { levels: PivotLevel[]; points: ChanPoint[] };

type Box = { left: number; right: number; top: number; bottom: number };

const LABEL_HEIGHT = 16;
/** A box narrower than this has no label, one narrower than the next figure is not drawn at all. */
const LABELLED_PX = 90;
const DRAWN_PX = 3;
/** A box over more of the view than this share keeps its frame only: a wash everywhere marks nothing. */
const WASHED = 0.7;
/** Room a point's tag takes above or below its price. */
const TAG_REACH = 28;
const TAG_COST = 40;
const OVERLAP_COST = 400;

const hues = {
  1: () => ({ fill: ink.pivotFill, line: ink.pivotLine, text: ink.pivotText }),
  2: () => ({ fill: ink.pivot2Fill, line: ink.pivot2Line, text: ink.pivot2Text }),
  3: () => ({ fill: ink.pivot3Fill, line: ink.pivot3Line, text: ink.pivot3Text })
};

const meet = (a: Box, b: Box): boolean => a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;

function tagBoxes(frame: Frame, points: ChanPoint[]): Box[] {
  return momentsIn(points, frame.from, frame.to).map((point) => {
    const x = frame.x(point.ts);
    const y = frame.y(point.price);
    const [top, bottom] = point.side === 'buy' ? [y, y + TAG_REACH] : [y - TAG_REACH, y];
    return { left: x - 16, right: x + 16, top, bottom };
  });
}

/** Candles under the box; a box that leaves the pane is as good as covered. */
function crossed(frame: Frame, box: Box): number {
  let count = box.left < 0 || box.right > frame.width || box.top < 0 || box.bottom > frame.height ? 1000 : 0;
  const origin = frame.at(0);
  const first = Math.max(frame.first, Math.floor((box.left - origin) / frame.step));
  const end = Math.min(frame.end, Math.ceil((box.right - origin) / frame.step) + 1);
  const stride = Math.max(1, Math.floor((end - first) / 64));
  for (let place = first; place < end; place += stride) {
    const bar = frame.bars[place];
    if (bar && frame.y(bar.high) < box.bottom && frame.y(bar.low) > box.top) count += 1;
  }
  return count;
}

function labelPlace(frame: Frame, tags: Box[], taken: Box[], box: Box, width: number): Box {
  const places = [
    { x: box.right - width, y: box.bottom + 2 },
    { x: box.right - width, y: box.top - LABEL_HEIGHT - 2 },
    { x: box.left, y: box.bottom + 2 },
    { x: box.left, y: box.top - LABEL_HEIGHT - 2 }
  ].map(({ x, y }) => ({ left: x, right: x + width, top: y, bottom: y + LABEL_HEIGHT }));
  const costs = places.map(
    (label) =>
      crossed(frame, label) + TAG_COST * tags.filter((tag) => meet(tag, label)).length + OVERLAP_COST * taken.filter((other) => meet(other, label)).length
  );
  return places[costs.indexOf(Math.min(...costs))] as Box;
}

function boxOf(frame: Frame, pivot: Pivot): Box {
  return { left: frame.x(pivot.start_ts), right: frame.x(pivot.end_ts), top: frame.y(pivot.zg), bottom: frame.y(pivot.zd) };
}

function rectOf(box: Box, hue: PivotLevel['hue'], final: boolean, frame: Frame): OverlayFigure {
  const { fill, line } = hues[hue]();
  const shown = Math.min(box.right, frame.width) - Math.max(box.left, 0);
  const wash = shown > WASHED * frame.width ? 'transparent' : fill;
  return {
    type: 'rect',
    attrs: { x: box.left, y: box.top, width: box.right - box.left, height: Math.max(1, box.bottom - box.top) },
    styles: { style: 'stroke_fill', color: wash, borderColor: line, borderSize: 1, borderStyle: final ? 'solid' : 'dashed', borderDashedValue: [4, 3] },
    ignoreEvent: true
  };
}

registerLayer<PivotRows>(
  PIVOTS,
  ({ levels, points }, frame) => {
    const tags = tagBoxes(frame, points);
    const taken: Box[] = [];
    const boxes: OverlayFigure[] = [];
    const labels: OverlayFigure[] = [];
    for (const { pivots, numbered, hue, name } of levels) {
      const newest = pivots.length - numbered;
      const offset = pivots[0]?.n ?? 0;
      for (const pivot of spansIn(pivots, frame.from, frame.to)) {
        const box = boxOf(frame, pivot);
        if (box.right - box.left < DRAWN_PX) continue;
        boxes.push(rectOf(box, hue, pivot.final, frame));
        const number = pivot.n - offset - newest + 1;
        if (box.right - box.left < (number < 1 ? LABELLED_PX : LABELLED_PX / 3)) continue;
        const text = `${name}${number >= 1 ? ` ${number}` : ''}${pivot.final ? '' : ' ?'}`;
        const place = labelPlace(frame, tags, taken, box, utils.calcTextWidth(text, 12, '500', FONT));
        taken.push(place);
        labels.push({
          type: 'text',
          attrs: { x: place.left, y: place.top, text, align: 'left', baseline: 'top' },
          styles: { color: hues[hue]().text, size: 12, family: FONT, weight: '500', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 1, paddingBottom: 1 },
          ignoreEvent: true
        });
      }
    }
    return [...boxes, ...labels];
  },
  { zLevel: 1 }
);
