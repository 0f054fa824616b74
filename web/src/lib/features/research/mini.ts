// A chart the size of a table row, as SVG paths: the candles of the last bars and the strokes through them.
import type { ChanLine, Pivot } from '$lib/api/types';
import { barAt } from '$lib/chart/places';

export type MiniBar = { timestamp: number; open: number; high: number; low: number; close: number };
export type Mini = { up: string; down: string; solid: string; dashed: string; boxes: { x: number; y: number; width: number; height: number }[]; dot: { x: number; y: number } | null };

type Rows = { strokes: readonly ChanLine[]; pivots: readonly Pivot[] };

const PAD = 3;

/** Paths for `width` × `height`; `at` is the moment and price of a point to mark. */
export function miniOf(bars: readonly MiniBar[], rows: Rows | null, size: { width: number; height: number }, at: { ts: number; price: string } | null = null): Mini {
  const mini: Mini = { up: '', down: '', solid: '', dashed: '', boxes: [], dot: null };
  const first = bars[0];
  if (!first) return mini;
  const low = Math.min(...bars.map((bar) => bar.low));
  const high = Math.max(...bars.map((bar) => bar.high));
  const step = size.width / bars.length;
  const round = (value: number) => Math.round(value * 10) / 10;
  const x = (place: number) => round((place + 0.5) * step);
  const y = (price: number) => round(PAD + ((high - price) / (high - low || 1)) * (size.height - 2 * PAD));
  bars.forEach((bar, place) => {
    const wick = `M${x(place)} ${y(bar.high)}V${Math.max(y(bar.low), y(bar.high) + 0.5)}`;
    if (bar.close >= bar.open) mini.up += wick;
    else mini.down += wick;
  });
  const inside = (ts: number) => ts >= first.timestamp;
  for (const stroke of rows?.strokes ?? []) {
    if (!inside(stroke.end_ts)) continue;
    const [start, end] = [Number(stroke.start_price), Number(stroke.end_price)];
    const gone = Math.max(0, (first.timestamp - stroke.start_ts) / (stroke.end_ts - stroke.start_ts || 1));
    const from = gone === 0 ? `${x(barAt(bars, stroke.start_ts))} ${y(start)}` : `0 ${y(Math.max(low, Math.min(high, start + (end - start) * gone)))}`;
    const line = `M${from}L${x(barAt(bars, stroke.end_ts))} ${y(Number(stroke.end_price))}`;
    if (stroke.sure) mini.solid += line;
    else mini.dashed += line;
  }
  for (const pivot of rows?.pivots ?? []) {
    if (!inside(pivot.end_ts)) continue;
    const [left, right] = [inside(pivot.start_ts) ? x(barAt(bars, pivot.start_ts)) : 0, x(barAt(bars, pivot.end_ts))];
    const top = Math.max(0, y(Number(pivot.zg)));
    mini.boxes.push({ x: left, y: top, width: round(right - left), height: Math.max(1, round(Math.min(size.height, y(Number(pivot.zd))) - top)) });
  }
  if (at && inside(at.ts)) mini.dot = { x: x(barAt(bars, at.ts)), y: y(Number(at.price)) };
  return mini;
}
