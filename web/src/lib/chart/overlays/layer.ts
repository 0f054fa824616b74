// A layer is one overlay that draws many rows. It hangs on one anchor point, because the chart asks an overlay for its
// figures only when it has at least one. The rows live here and not in `extendData`: the chart merges new data into
// old, so a list that became shorter would keep its last rows. What changes there is a number, to ask for a redraw.
import { registerOverlay, type Chart, type OverlayFigure, type XAxis, type YAxis } from 'klinecharts';

export type Frame = {
  chart: Chart;
  x: (ts: number) => number;
  y: (price: number | string) => number;
  width: number;
  height: number;
  /** Time stamps of the first and last loaded bar in view. */
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
  const first = bars[Math.max(0, Math.min(bars.length - 1, range.from))];
  const last = bars[Math.max(0, Math.min(bars.length - 1, range.to - 1))];
  return {
    chart,
    x: (ts) => xAxis.convertTimestampToPixel(ts),
    y: (price) => yAxis.convertToPixel(Number(price)),
    width: size.width,
    height: size.height,
    from: first?.timestamp ?? 0,
    to: last?.timestamp ?? 0
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
