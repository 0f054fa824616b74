// The chart as the page uses it: one object over KLineCharts that knows panes, layers and margins.
import { dispose, init, type Chart, type Crosshair, type KLineData, type Period } from 'klinecharts';
import type { ChanPoint, Fill, Fractal, Health, Pivot, Stroke } from '$lib/api/types';
import { compact, decimalsOf, plain } from '$lib/format/numbers';
import { isDaily, stamp, zoneOf } from '$lib/format/times';
import type { BarFeed } from './feed';
import { ink, refreshInk } from './ink';
import { MACD } from './indicators/macd';
import { VOLUME } from './indicators/volume';
import { letter, lettering } from './lettering';
import { timeMarks } from './ticks';
import { chartStyles } from './styles';
import { COMPARE, type Compared } from './overlays/compare';
import { FILLS } from './overlays/fills';
import { FRACTALS } from './overlays/fractals';
import { GAPS } from './overlays/gaps';
import { LAST_PRICE } from './overlays/lastprice';
import { putLayer } from './overlays/layer';
import { LINES, type LineRows } from './overlays/lines';
import { PIVOTS } from './overlays/pivots';
import { POINTS } from './overlays/points';
import { STROKES } from './overlays/strokes';

export type Layers = { strokes: boolean; pivots: boolean; points: boolean; fractals: boolean; orders: boolean; fills: boolean };
export type Drawing = { strokes: Stroke[]; pivots: Pivot[]; numbered: number; points: ChanPoint[]; fractals: Fractal[] };

const TYPES: Record<string, Period['type']> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month' };

function periodOf(timeframe: string): Period {
  const match = /^(\d+)([smhdwM])$/.exec(timeframe);
  return { type: TYPES[match?.[2] ?? 'm'] ?? 'minute', span: Number(match?.[1] ?? 1) };
}

export class Board {
  readonly chart: Chart;
  #feed: BarFeed | null = null;
  #timeframe = '1d';
  #volumePane: string | null = null;
  #macdPane: string | null = null;
  #narrow = false;
  #tagged: number[] = [];

  constructor(private readonly element: HTMLElement) {
    refreshInk();
    const chart = init(element, {
      styles: chartStyles(),
      locale: 'en-US',
      hotkey: { enabled: false },
      thousandsSeparator: { sign: ',', format: (value) => (/^-?[\d.]+$/.test(String(value)) ? plain(value, (String(value).split('.')[1] ?? '').length) : String(value)) },
      formatter: {
        formatBigNumber: (value) => compact(value, lettering.chinese),
        formatDate: ({ timestamp, type, template }) => this.#date(timestamp, type === 'xAxis', template)
      }
    });
    if (!chart) throw new Error('The browser gave no canvas to draw on.');
    this.chart = chart;
    chart.setBarSpace(element.clientWidth < 600 ? 2.6 : 3.2);
    chart.setMaxOffsetRightDistance(600);
    chart.overrideXAxis({ createTicks: () => this.#marks() });
  }

  #marks(): { coord: number; value: number; text: string }[] {
    const { from, to } = this.chart.getVisibleRange();
    const bars = this.bars.slice(Math.max(0, from), to);
    const first = bars[0];
    if (!first) return [];
    const origin = (this.chart.convertToPixel({ dataIndex: Math.max(0, from) }) as { x?: number }).x ?? 0;
    const step = this.chart.getBarSpace().bar;
    const inView = bars.map((bar, index) => ({ ts: bar.timestamp, x: origin + index * step }));
    return timeMarks(inView, zoneOf(this.#timeframe), this.#narrow ? 70 : 84).map(({ x, ts, text }) => ({ coord: x, value: ts, text }));
  }

  #date(ts: number, axis: boolean, template: string): string {
    const zone = zoneOf(this.#timeframe);
    if (!axis) return stamp(ts, isDaily(this.#timeframe) ? 'day' : 'full', zone);
    if (template === 'YYYY') return stamp(ts, 'year', zone);
    if (template === 'YYYY-MM') return stamp(ts, 'day', zone).slice(0, 7);
    return stamp(ts, template.includes('HH') ? 'minute' : 'monthday', zone);
  }

  destroy(): void {
    this.#feed?.stop();
    dispose(this.element);
  }

  /** Room at the right for order labels; a phone has none to give. */
  fit(width: number): void {
    this.#narrow = width < 600;
    this.chart.setOffsetRightDistance(this.#narrow ? 56 : width < 900 ? 150 : 240);
    if (this.#macdPane) this.chart.setPaneOptions({ id: this.#macdPane, height: this.#narrow ? 96 : 130 });
    this.chart.resize();
  }

  show(feed: BarFeed, instrument: { symbol: string; tick: string }): void {
    this.#feed?.stop();
    this.#feed = feed;
    this.#timeframe = feed.key.timeframe;
    const decimals = decimalsOf(instrument.tick);
    letter({ priceDecimals: decimals });
    this.chart.setTimezone(zoneOf(this.#timeframe));
    this.chart.setDataLoader({ getBars: ({ callback }) => callback([], false) });
    this.chart.setSymbol({ ticker: instrument.symbol, pricePrecision: decimals, volumePrecision: 0 });
    this.chart.setPeriod(periodOf(this.#timeframe));
    this.#panes();
    this.chart.setDataLoader(feed.loader);
  }

  #panes(): void {
    if (this.#macdPane) return;
    const small = { dragEnabled: true, minHeight: 30 };
    if (!this.#narrow) {
      this.#volumePane = 'volume';
      this.chart.createIndicator({ name: VOLUME, paneId: this.#volumePane });
      this.chart.setPaneOptions({ id: this.#volumePane, height: 58, ...small });
    }
    this.#macdPane = 'macd';
    this.chart.createIndicator({ name: MACD, paneId: this.#macdPane });
    this.chart.setPaneOptions({ id: this.#macdPane, height: this.#narrow ? 96 : 130, ...small });
    this.chart.overrideYAxis({
      paneId: 'candle_pane',
      gap: { top: 0.14, bottom: 0.08 },
      // Tags rank above ticks: a tick that a tag would cover gives way.
      createTicks: ({ range, bounding, defaultTicks }) => {
        const y = (price: number) => bounding.height * (1 - (price - range.from) / (range.range || 1));
        const tags = [...this.#tagged, this.bars.at(-1)?.close].filter((price) => price !== undefined).map(y);
        return defaultTicks.filter((tick) => tags.every((tag) => Math.abs(tag - tick.coord) > 13));
      }
    });
  }

  get timeframe(): string {
    return this.#timeframe;
  }

  get bars(): KLineData[] {
    return this.chart.getDataList();
  }

  draw(drawing: Drawing, layers: Layers): void {
    putLayer(this.chart, PIVOTS, { pivots: drawing.pivots, numbered: drawing.numbered, points: drawing.points }, layers.pivots);
    putLayer(this.chart, FRACTALS, drawing.fractals, layers.fractals);
    putLayer(this.chart, LAST_PRICE, null);
    putLayer(this.chart, STROKES, drawing.strokes, layers.strokes);
    putLayer(this.chart, POINTS, drawing.points, layers.points);
  }

  drawCompared(compared: Compared, visible: boolean): void {
    if (this.#macdPane) putLayer(this.chart, COMPARE, compared, visible, this.#macdPane);
  }

  drawGaps(gaps: Health['gaps']): void {
    putLayer(this.chart, GAPS, gaps, gaps.length > 0);
  }

  drawLines(rows: LineRows, visible: boolean): void {
    this.#tagged = visible ? rows.lines.map((line) => Number(line.price)) : [];
    putLayer(this.chart, LINES, rows, visible);
  }

  drawFills(fills: Fill[], visible: boolean): void {
    putLayer(this.chart, FILLS, fills, visible);
  }

  repaint(): void {
    refreshInk();
    this.chart.setStyles(chartStyles());
    this.chart.resize();
  }

  /** A stale price is grey: nobody vouches for its direction. */
  setStale(stale: boolean): void {
    const last = stale ? { upColor: ink.positionSolid, downColor: ink.positionSolid } : { upColor: ink.upSolid, downColor: ink.downSolid };
    this.chart.setStyles({ candle: { priceMark: { last } } });
  }

  toLatest(): void {
    this.chart.scrollToRealTime(0);
  }

  get followsLatest(): boolean {
    const range = this.chart.getVisibleRange();
    return range.realTo >= this.bars.length;
  }

  scroll(bars: number): void {
    this.chart.scrollByDistance(-bars * this.chart.getBarSpace().bar, 0);
  }

  zoom(factor: number): void {
    const size = this.chart.getSize();
    this.chart.zoomAtCoordinate(factor, { x: (size?.width ?? 0) / 2, y: 0 }, 0);
  }

  goto(ts: number): void {
    this.chart.scrollToTimestamp(ts, 0);
  }

  onCrosshair(callback: (bar: KLineData | null) => void): void {
    this.chart.subscribeAction('onCrosshairChange', (data) => {
      const cross = data as Crosshair | undefined;
      callback(cross?.kLineData && cross.paneId ? cross.kLineData : null);
    });
  }

  onView(callback: () => void): void {
    this.chart.subscribeAction('onVisibleRangeChange', callback);
  }
}
