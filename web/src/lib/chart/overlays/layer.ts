// A layer is one overlay that draws many rows. It hangs on one anchor point, because the chart asks an overlay for its
// figures only when it has at least one. The rows live here and not in `extendData`: the chart merges new data into
// old, so a list that became shorter would keep its last rows. What changes there is a number, to ask for a redraw.
import { registerOverlay, type Chart, type KLineData, type OverlayFigure, type XAxis, type YAxis } from 'klinecharts';
import { barAt } from '../places';

export type Frame = {
  chart: Chart;
  bars: KLineData[];
  /** Pixel of the bar with this place in `bars`. */
  at: (place: number) => number;
  /** Pixel of the last bar that opened at or before this time. */
  x: (ts: number) => number;
  y: (price: number | string) => number;
  width: number;
  height: number;
  /** Pixels from one bar to the next. */
  step: number;
  /** Pixels that the bars in view take up. */
  span: number;
  /** Places of the first bar in view and of the one behind the last. */
  first: number;
  end: number;
  /** Open times of the first and last bar in view. */
  from: number;
  to: number;
};

const held = new WeakMap<Chart, Map<string, unknown>>();

function rowsOf(chart: Chart): Map<string, unknown> {
  const rows = held.get(chart) ?? new Map<string, unknown>();
  held.set(chart, rows);
  return rows;
}

type Draw<R> = (rows: R, frame: Frame) => OverlayFigure[];

function frameOf(chart: Chart, xAxis: XAxis | null, yAxis: YAxis | null, size: { width: number; height: number }): Frame | null {
  const bars = chart.getDataList();
  if (!xAxis || !yAxis || bars.length === 0) return null;
  const range = chart.getVisibleRange();
  const first = Math.max(0, Math.min(bars.length - 1, range.from));
  const end = Math.max(first + 1, Math.min(bars.length, range.to));
  const at = (place: number) => xAxis.convertToPixel(place);
  return {
    chart,
    bars,
    at,
    x: (ts) => at(barAt(bars, ts)),
    y: (price) => yAxis.convertToPixel(Number(price)),
    width: size.width,
    height: size.height,
    step: chart.getBarSpace().bar,
    span: (end - first) * chart.getBarSpace().bar,
    first,
    end,
    from: bars[first]?.timestamp ?? 0,
    to: bars[end - 1]?.timestamp ?? 0
  };
}

export function registerLayer<R>(name: string, draw: Draw<R>, options: { axis?: Draw<R>; zLevel?: number } = {}): void {
  registerOverlay<number>({
    name,
    totalStep: 2,
    lock: true,
    zLevel: options.zLevel ?? 0,
    needDefaultPointFigure: false,
    needDefaultXAxisFigure: false,
    needDefaultYAxisFigure: false,
    createPointFigures: ({ chart, bounding, xAxis, yAxis }) => {
      const frame = frameOf(chart, xAxis, yAxis, bounding);
      return frame ? draw(rowsOf(chart).get(name) as R, frame) : [];
    },
    createYAxisFigures: options.axis
      ? ({ chart, bounding, xAxis, yAxis }) => {
          const frame = frameOf(chart, xAxis, yAxis, bounding);
          return frame && options.axis ? options.axis(rowsOf(chart).get(name) as R, frame) : [];
        }
      : null
  });
}

let version = 0;

export function putLayer<R>(chart: Chart, name: string, rows: R, visible = true, paneId?: string): void {
  rowsOf(chart).set(name, rows);
  version += 1;
  if (chart.getOverlays({ name }).length === 0) {
    chart.createOverlay({ name, lock: true, points: [{ dataIndex: 0, value: 0 }], extendData: version, visible, ...(paneId ? { paneId } : {}) });
  } else {
    chart.overrideOverlay({ name, extendData: version, visible });
  }
}
