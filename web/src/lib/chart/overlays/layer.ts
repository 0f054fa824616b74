// A layer is one overlay that draws many rows. Its rows live in `extendData`; it hangs on one anchor point, because
// the chart asks an overlay for its figures only when it has at least one.
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
  registerOverlay<R>({
    name,
    totalStep: 2,
    lock: true,
    zLevel: options.zLevel ?? 0,
    needDefaultPointFigure: false,
    needDefaultXAxisFigure: false,
    needDefaultYAxisFigure: false,
    createPointFigures: ({ chart, overlay, bounding, xAxis, yAxis }) => {
      const frame = frameOf(chart, xAxis, yAxis, bounding);
      return frame ? draw(overlay.extendData, frame) : [];
    },
    createYAxisFigures: options.axis
      ? ({ chart, overlay, bounding, xAxis, yAxis }) => {
          const frame = frameOf(chart, xAxis, yAxis, bounding);
          return frame && options.axis ? options.axis(overlay.extendData, frame) : [];
        }
      : null
  });
}

export function putLayer<R>(chart: Chart, name: string, rows: R, visible = true, paneId?: string): void {
  const existing = chart.getOverlays({ name });
  if (existing.length === 0) {
    chart.createOverlay({ name, lock: true, points: [{ dataIndex: 0, value: 0 }], extendData: rows, visible, ...(paneId ? { paneId } : {}) });
  } else {
    chart.overrideOverlay({ name, extendData: rows, visible });
  }
}
