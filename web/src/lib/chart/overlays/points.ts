// 买卖点: a 16 px tag on a 6 px stem: a dashed outline with "?" until it is confirmed, an outline while its line may still
// move, filled once it cannot; struck through when it was taken back. Several kinds at one place share a tag. Those of segments have an amber stem and frame. Where tags crowd, the lesser ones become dots.
import { utils, type OverlayFigure } from 'klinecharts';
import type { ChanPoint } from '$lib/api/types';
import { shelve, TAG_HEIGHT, type Tag } from '../crowd';
import { FONT, ink } from '../ink';
import { lettering } from '../lettering';
import { momentsIn } from '../places';
import { registerLayer, type Frame } from './layer';

export const POINTS = 'alphaloop_points';
/** `name` goes before the kind, for a coarser period; `fixed` says whether a point's line can no longer move. */
/** 0 strokes, 1 segments, 2 coarser periods, −1 what was taken back. */
export type Rank = -1 | 0 | 1 | 2;
/** Where a tag or dot was drawn, for clicks. */
export type PlacedPoint = { point: ChanPoint; rank: Rank; left: number; right: number; top: number; bottom: number };
export type PointRows = { levels: PointLevel[]; onplace: (places: PlacedPoint[]) => void };
export type PointLevel = { points: ChanPoint[]; rank: Rank; name: string; place: (frame: Frame, point: ChanPoint) => number; fixed: (point: ChanPoint) => boolean };

const STEM = 6;
/** Points of a level closer than this on average are dots, and closer than the second figure they give way altogether. */
const TAGGED_PX = 20;
const DOTTED_PX = 5;
/** How near a click must come to a dot. */
const DOT_REACH = 8;
/** What the legend covers at the top. */
const LEGEND_PX = 44;

type Mark = { point: ChanPoint; text: string; x: number; y: number; rank: Rank; sure: boolean; fixed: boolean; tagged: boolean };

function marksOf(level: PointLevel, frame: Frame): Mark[] {
  const seen = momentsIn(level.points, frame.from, frame.to);
  if (seen.length * DOTTED_PX > frame.span) return [];
  const tagged = seen.length * TAGGED_PX <= frame.span;
  const marks: Mark[] = [];
  for (const point of seen) {
    const before = marks.at(-1);
    if (before && before.point.ts === point.ts && before.point.side === point.side) {
      before.text += ` ${lettering.point(point.kind)}`;
      before.sure = before.sure && point.sure;
      before.fixed = before.fixed && level.fixed(point);
      continue;
    }
    const text = level.name + lettering.point(point.kind);
    const place = level.place(frame, point);
    // A point that was taken back left no price: it stood at the extreme of its bar.
    const price = point.price || (point.side === 'buy' ? frame.bars[place]?.low : frame.bars[place]?.high) || 0;
    marks.push({ point, text, x: frame.at(place), y: frame.y(price), rank: level.rank, sure: point.sure, fixed: level.fixed(point), tagged });
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
    attrs: { x: mark.x, y: mark.y + away * 5, r: mark.rank > 0 ? 3 : 2 },
    styles: { style: mark.fixed ? 'fill' : 'stroke', color: colour, borderColor: colour, borderSize: 1 },
    ignoreEvent: true
  };
}

function drawn(mark: Mark, tag: Tag, top: number): OverlayFigure[] {
  if (mark.rank < 0) return struck(mark, tag, top);
  const buy = tag.away === 1;
  const colour = buy ? ink.up : ink.down;
  const solid = buy ? ink.upSolid : ink.downSolid;
  const edge = mark.rank === 1 ? ink.segment : mark.rank === 2 ? ink.pivot3Text : mark.fixed ? solid : colour;
  const text = mark.sure ? mark.text : `${mark.text}?`;
  return [
    {
      type: 'line',
      attrs: { coordinates: [{ x: mark.x, y: mark.y + tag.away * 2 }, { x: mark.x, y: buy ? top : top + TAG_HEIGHT }] },
      styles: { style: mark.sure ? 'solid' : 'dashed', dashedValue: [2, 2], color: mark.rank > 0 ? edge : colour, size: 1 },
      ignoreEvent: true
    },
    {
      type: 'rect',
      attrs: { x: mark.x - tag.width / 2, y: top, width: tag.width, height: TAG_HEIGHT },
      styles: {
        style: 'stroke_fill',
        color: mark.fixed ? solid : ink.surface,
        borderColor: edge,
        borderSize: mark.rank > 0 ? 1.5 : 1,
        borderStyle: mark.sure ? 'solid' : 'dashed',
        borderDashedValue: [3, 2],
        borderRadius: 3
      },
      ignoreEvent: true
    },
    {
      type: 'text',
      attrs: { x: mark.x, y: top + TAG_HEIGHT / 2 + 0.5, text, align: 'center', baseline: 'middle' },
      styles: { color: mark.fixed ? ink.on : colour, size: 11, family: FONT, weight: '600', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
      ignoreEvent: true
    }
  ];
}

/** Taken back: only its name is left, struck through. */
function struck(mark: Mark, tag: Tag, top: number): OverlayFigure[] {
  const y = top + TAG_HEIGHT / 2 + 0.5;
  const half = tag.width / 2 - 3;
  return [
    {
      type: 'text',
      attrs: { x: mark.x, y, text: mark.text, align: 'center', baseline: 'middle' },
      styles: { color: ink.text3, size: 11, family: FONT, weight: '500', backgroundColor: 'transparent', paddingLeft: 0, paddingRight: 0, paddingTop: 0, paddingBottom: 0 },
      ignoreEvent: true
    },
    { type: 'line', attrs: { coordinates: [{ x: mark.x - half, y }, { x: mark.x + half, y }] }, styles: { style: 'solid', color: ink.text3, size: 1 }, ignoreEvent: true }
  ];
}

registerLayer<PointRows>(
  POINTS,
  ({ levels, onplace }, frame) => {
    const marks = levels.flatMap((level) => marksOf(level, frame));
    const tagged = marks.filter((mark) => mark.tagged);
    const tags = tagged.map(tagOf);
    const tops = shelve(tags, frame.height, frame.width < 600 ? 0 : LEGEND_PX);
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
    const dots = dotted.filter((mark) => mark.rank >= 0).map(dot);
    for (const { point, rank, x, y } of dotted) places.push({ point, rank, left: x - DOT_REACH, right: x + DOT_REACH, top: y - DOT_REACH, bottom: y + DOT_REACH });
    onplace(places);
    return [...dots, ...boxes];
  },
  { zLevel: 5 }
);
