// 买卖点: a 16 px tag on a 6 px stem; filled once confirmed, a dashed outline with "?" before. Several kinds at one place
// share a tag. Those of segments have an amber stem and frame. Where tags crowd, the lesser ones become dots.
import { utils, type OverlayFigure } from 'klinecharts';
import type { ChanPoint } from '$lib/api/types';
import { shelve, TAG_HEIGHT, type Tag } from '../crowd';
import { FONT, ink } from '../ink';
import { lettering } from '../lettering';
import { momentsIn } from '../places';
import { registerLayer, type Frame } from './layer';

export const POINTS = 'alphaloop_points';
/** `name` goes before the kind, for a coarser period; `rank` 0 strokes, 1 segments, 2 coarser periods. */
/** Where a tag or dot was drawn, for clicks. */
export type PlacedPoint = { point: ChanPoint; rank: 0 | 1 | 2; left: number; right: number; top: number; bottom: number };
export type PointRows = { levels: PointLevel[]; onplace: (places: PlacedPoint[]) => void };
export type PointLevel = { points: ChanPoint[]; rank: 0 | 1 | 2; name: string; place: (frame: Frame, point: ChanPoint) => number };

const STEM = 6;
/** Points of a level closer than this on average are dots, and closer than the second figure they give way altogether. */
const TAGGED_PX = 16;
const DOTTED_PX = 5;
/** How near a click must come to a dot. */
const DOT_REACH = 8;

type Mark = { point: ChanPoint; text: string; x: number; y: number; rank: PointLevel['rank']; sure: boolean; tagged: boolean };

function marksOf(level: PointLevel, frame: Frame): Mark[] {
  const seen = momentsIn(level.points, frame.from, frame.to);
  if (seen.length * DOTTED_PX > frame.width) return [];
  const tagged = seen.length * TAGGED_PX <= frame.width;
  const marks: Mark[] = [];
  for (const point of seen) {
    const before = marks.at(-1);
    if (before && before.point.ts === point.ts && before.point.side === point.side) {
      before.text += ` ${lettering.point(point.kind)}`;
      before.sure = before.sure && point.sure;
      continue;
    }
    const text = level.name + lettering.point(point.kind);
    marks.push({ point, text, x: frame.at(level.place(frame, point)), y: frame.y(point.price), rank: level.rank, sure: point.sure, tagged });
  }
  return marks;
}

/** First and third kinds weigh more than the followers; a higher level more than a lower one. */
function weight({ point, rank, sure }: Mark): number {
  const kind = point.kind.slice(1);
  return rank * 10 + (kind === '1' ? 4 : kind === '2' ? 3 : kind.startsWith('3') ? 2 : 1) + (sure ? 0.5 : 0);
}

function tagOf(mark: Mark): Tag {
  const away = mark.point.side === 'buy' ? 1 : -1;
  const width = utils.calcTextWidth(mark.sure ? mark.text : `${mark.text}?`, 11, '600', FONT) + 10;
  return { x: mark.x, y: mark.y + away * (2 + STEM), away, width, weight: weight(mark) };
}

function dot(mark: Mark): OverlayFigure {
  const [away, colour] = mark.point.side === 'buy' ? [1, ink.up] : [-1, ink.down];
  return {
    type: 'circle',
    attrs: { x: mark.x, y: mark.y + away * 5, r: mark.rank ? 3 : 2 },
    styles: { style: mark.sure ? 'fill' : 'stroke', color: colour, borderColor: colour, borderSize: 1 },
    ignoreEvent: true
  };
}

function drawn(mark: Mark, tag: Tag, top: number): OverlayFigure[] {
  const buy = tag.away === 1;
  const colour = buy ? ink.up : ink.down;
  const solid = buy ? ink.upSolid : ink.downSolid;
  const edge = mark.rank === 1 ? ink.segment : mark.rank === 2 ? ink.pivot3Text : mark.sure ? solid : colour;
  const text = mark.sure ? mark.text : `${mark.text}?`;
  return [
    {
      type: 'line',
      attrs: { coordinates: [{ x: mark.x, y: mark.y + tag.away * 2 }, { x: mark.x, y: buy ? top : top + TAG_HEIGHT }] },
      styles: { style: mark.sure ? 'solid' : 'dashed', dashedValue: [2, 2], color: mark.rank ? edge : colour, size: 1 },
      ignoreEvent: true
    },
    {
      type: 'rect',
      attrs: { x: mark.x - tag.width / 2, y: top, width: tag.width, height: TAG_HEIGHT },
      styles: {
        style: 'stroke_fill',
        color: mark.sure ? solid : ink.surface,
        borderColor: edge,
        borderSize: mark.rank ? 1.5 : 1,
        borderStyle: mark.sure ? 'solid' : 'dashed',
        borderDashedValue: [3, 2],
        borderRadius: 3
      },
      ignoreEvent: true
    },
    {
      type: 'text',
      attrs: { x: mark.x, y: top + TAG_HEIGHT / 2 + 0.5, text, align: 'center', baseline: 'middle' },
      styles: { color: mark.sure ? ink.on : colour, size: 11, family: FONT, weight: '600', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
      ignoreEvent: true
    }
  ];
}

registerLayer<PointRows>(
  POINTS,
  ({ levels, onplace }, frame) => {
    const marks = levels.flatMap((level) => marksOf(level, frame));
    const tagged = marks.filter((mark) => mark.tagged);
    const tags = tagged.map(tagOf);
    const tops = shelve(tags, frame.height);
    const dotted = marks.filter((mark) => !mark.tagged);
    const places: PlacedPoint[] = [];
    const boxes: OverlayFigure[] = [];
    tagged.forEach((mark, place) => {
      const tag = tags[place] as Tag;
      const top = tops[place];
      if (top === null || top === undefined) {
        dotted.push(mark);
        return;
      }
      boxes.push(...drawn(mark, tag, top));
      places.push({ point: mark.point, rank: mark.rank, left: tag.x - tag.width / 2, right: tag.x + tag.width / 2, top, bottom: top + TAG_HEIGHT });
    });
    const dots = dotted.map(dot);
    for (const { point, rank, x, y } of dotted) places.push({ point, rank, left: x - DOT_REACH, right: x + DOT_REACH, top: y - DOT_REACH, bottom: y + DOT_REACH });
    onplace(places);
    return [...dots, ...boxes];
  },
  { zLevel: 5 }
);
