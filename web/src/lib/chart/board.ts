// The chart as the page uses it: one object over KLineCharts that knows panes, layers and margins.
import { dispose, init, type Chart, type Crosshair, type KLineData } from 'klinecharts';
import type { ChanLine, Fill, Fractal, Health } from '$lib/api/types';
import { compact, decimalsOf, plain } from '$lib/format/numbers';
import { isDaily, stamp, zoneOf } from '$lib/format/times';
import { shownTs, type BarFeed } from './feed';
import { foldFor, type DrawnBar } from './fold';
import { ink, refreshInk } from './ink';
import { MACD } from './indicators/macd';
import { VOLUME } from './indicators/volume';
import { letter, lettering } from './lettering';
import { periodOf } from './period';
import { barAt } from './places';
import { watchPointer, type Spot } from './pointer';
import { timeMarks } from './ticks';
import { chartStyles } from './styles';
import { COMPARE, type Compared } from './overlays/compare';
import { FILLS } from './overlays/fills';
import { FRACTALS } from './overlays/fractals';
import { EX_DATES, type ExDate } from './overlays/exdates';
import { GAPS } from './overlays/gaps';
import { HIGHER, type HigherRows } from './overlays/higher';
import { LAST_PRICE } from './overlays/lastprice';
import { putLayer } from './overlays/layer';
import { LINES, type LineRows } from './overlays/lines';
import { PICKED, type Picked } from './overlays/picked';
import { PIVOTS, type PivotRows } from './overlays/pivots';
import { POINTS, type PlacedPoint, type PointLevel, type PointRows } from './overlays/points';
import { SEGMENTS, type SegmentRows } from './overlays/segments';
import { STROKES } from './overlays/strokes';

/** What to draw of the structure; an empty list is a layer that is off. */
export type Drawing = {
  strokes: ChanLine[];
  segments: SegmentRows;
  higher: HigherRows;
  pivots: PivotRows;
  points: PointLevel[];
  fractals: Fractal[];
};

const MAIN = 'candle_pane';

export class Board {
  readonly chart: Chart;
  #feed: BarFeed | null = null;
  #timeframe = '1d';
  #volumePane: string | null = null;
  #macdPane: string | null = null;
  #narrow = false;
  #tagged: number[] = [];
  #placed: PlacedPoint[] = [];

  /** `bare` leaves out the panes below the candles and the room at the right. */
  constructor(
    private readonly element: HTMLElement,
    private readonly bare = false
  ) {
    refreshInk();
    const chart = init(element, {
      styles: chartStyles(),
      locale: 'en-US',
      hotkey: { enabled: false },
      layout: { barSpaceLimit: { min: 0.5, max: 50 } },
      thousandsSeparator: { sign: ',', format: (value) => (/^-?[\d.]+$/.test(String(value)) ? plain(value, (String(value).split('.')[1] ?? '').length) : String(value)) },
      formatter: {
        formatBigNumber: (value) => compact(value, lettering.chinese),
        formatDate: ({ timestamp, type, template }) => this.#date(timestamp, type === 'xAxis', template)
      }
    });
    if (!chart) throw new Error('The browser gave no canvas to draw on.');
    this.chart = chart;
    chart.setBarSpace(this.#usual);
    chart.setMaxOffsetRightDistance(600);
    chart.overrideXAxis({ createTicks: () => this.#marks() });
    chart.subscribeAction('onZoom', () => this.#fold());
  }

  /** Draws more or fewer bars as one after a zoom, and keeps what is in view where it was. */
  #fold(): void {
    const feed = this.#feed;
    if (!feed || feed.bars.length === 0) return;
    const fold = foldFor(feed.fold, this.step);
    const all = (feed.bars.length / feed.fold) * this.step;
    const width = this.chart.getSize(MAIN, 'main')?.width ?? 0;
    // Once every bar there is lies on the screen, going farther would only make them smaller.
    if (fold === feed.fold || (fold > feed.fold && !feed.more && all < width / 2)) return;
    const right = width - this.#xOf(this.bars.length - 1) - this.step / 2;
    const step = (this.step * fold) / feed.fold;
    feed.fold = fold;
    this.chart.setBarSpace(step);
    this.chart.resetData();
    this.chart.setOffsetRightDistance(right);
  }

  #xOf(place: number): number {
    return (this.chart.convertToPixel({ dataIndex: place }) as { x?: number }).x ?? 0;
  }

  #marks(): { coord: number; value: number; text: string }[] {
    const { from, to } = this.chart.getVisibleRange();
    const bars = this.bars;
    const first = Math.max(0, from);
    const origin = this.#xOf(first);
    const view = {
      count: Math.max(0, Math.min(bars.length, to) - first),
      ts: (place: number) => shownTs(bars[first + place]) ?? 0,
      x: (place: number) => origin + place * this.step
    };
    return timeMarks(view, zoneOf(this.#timeframe), this.#narrow ? 70 : 84).map(({ x, ts, text }) => ({ coord: x, value: ts, text }));
  }

  #date(opened: number, axis: boolean, template: string): string {
    const zone = zoneOf(this.#timeframe);
    const ts = axis ? opened : (shownTs(this.bars[barAt(this.bars, opened)]) ?? opened);
    if (!axis) return stamp(ts, isDaily(this.#timeframe) ? 'day' : 'full', zone);
    if (template === 'YYYY') return stamp(ts, 'year', zone);
    if (template === 'YYYY-MM') return stamp(ts, 'day', zone).slice(0, 7);
    return stamp(ts, template.includes('HH') ? 'minute' : 'monthday', zone);
  }

  destroy(): void {
    this.#feed?.stop();
    dispose(this.element);
  }

  get #usual(): number {
    return this.element.clientWidth < 600 ? 2.6 : 3.2;
  }

  /** Room at the right for order labels; a phone has none to give. */
  fit(width: number): void {
    this.#narrow = width < 600;
    this.chart.setOffsetRightDistance(this.bare ? 24 : this.#narrow ? 56 : width < 900 ? 150 : 240);
    if (this.#macdPane) this.chart.setPaneOptions({ id: this.#macdPane, height: this.#narrow ? 96 : 130 });
    this.chart.resize();
  }

  show(feed: BarFeed, instrument: { symbol: string; tick: string }): void {
    this.#feed?.stop();
    // Bars drawn as one belong to the series that was zoomed out of; another one begins as usual.
    if (this.fold > 1) this.chart.setBarSpace(this.#usual);
    this.fit(this.element.clientWidth);
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
    this.#axis();
    if (this.bare) return;
    const small = { dragEnabled: true, minHeight: 30 };
    if (!this.#narrow) {
      this.#volumePane = 'volume';
      this.chart.createIndicator({ name: VOLUME, paneId: this.#volumePane });
      this.chart.setPaneOptions({ id: this.#volumePane, height: 58, ...small });
    }
    this.#macdPane = 'macd';
    this.chart.createIndicator({ name: MACD, paneId: this.#macdPane });
    this.chart.setPaneOptions({ id: this.#macdPane, height: this.#narrow ? 96 : 130, ...small });
  }

  #axis(): void {
    this.chart.overrideYAxis({
      paneId: MAIN,
      gap: { top: 0.17, bottom: 0.1 },
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

  /** The bars as drawn: each may stand for several. */
  get bars(): DrawnBar[] {
    return this.chart.getDataList();
  }

  /** How many bars are drawn as one. */
  get fold(): number {
    return this.#feed?.fold ?? 1;
  }

  /** The bars one by one. */
  get raw(): KLineData[] {
    return this.#feed?.bars ?? [];
  }

  /** Pixels from one bar to the next. */
  get step(): number {
    return this.chart.getBarSpace().bar;
  }

  draw(drawing: Drawing): void {
    putLayer(this.chart, PIVOTS, drawing.pivots, drawing.pivots.levels.length > 0);
    putLayer(this.chart, FRACTALS, drawing.fractals, drawing.fractals.length > 0);
    putLayer(this.chart, LAST_PRICE, null);
    putLayer(this.chart, HIGHER, drawing.higher, drawing.higher.length > 0);
    putLayer(this.chart, SEGMENTS, drawing.segments, drawing.segments.length > 0);
    putLayer(this.chart, STROKES, drawing.strokes, drawing.strokes.length > 0);
    this.#placed = [];
    const onplace = (places: PlacedPoint[]) => (this.#placed = places);
    putLayer<PointRows>(this.chart, POINTS, { levels: drawing.points, onplace }, drawing.points.length > 0);
  }

  drawPicked(picked: Picked | null): void {
    putLayer(this.chart, PICKED, picked, picked !== null);
  }

  drawCompared(compared: Compared, visible: boolean): void {
    if (this.#macdPane) putLayer(this.chart, COMPARE, compared, visible, this.#macdPane);
  }

  drawGaps(gaps: Health['gaps']): void {
    putLayer(this.chart, GAPS, gaps, gaps.length > 0);
  }

  drawExDates(dates: ExDate[]): void {
    putLayer(this.chart, EX_DATES, dates, dates.length > 0);
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

  /** Brings a moment into view, and out from under what floats over the last `covered` pixels at the right. */
  reveal(ts: number, covered: number): void {
    const limit = (this.chart.getSize(MAIN, 'main')?.width ?? 0) - covered;
    const x = this.#xOf(barAt(this.bars, ts));
    if (x < 0 || x > limit) this.chart.scrollByDistance((x < 0 ? limit / 2 : limit) - x, 0);
  }

  onCrosshair(callback: (bar: KLineData | null) => void): void {
    this.chart.subscribeAction('onCrosshairChange', (data) => {
      const cross = data as Crosshair | undefined;
      callback(cross?.kLineData && cross.paneId ? cross.kLineData : null);
    });
  }

  /** Where a moment and a price lie in the main pane; null before there are bars. */
  spotOf(ts: number, price: string | number): Spot | null {
    if (this.bars.length === 0) return null;
    const found = this.chart.convertToPixel({ dataIndex: barAt(this.bars, ts), value: Number(price) }, { paneId: MAIN }) as Partial<Spot>;
    return found.x === undefined || found.y === undefined ? null : { x: found.x, y: found.y };
  }

  /** The point whose tag or dot lies under this place. */
  pointAt({ x, y }: Spot): PlacedPoint | null {
    return this.#placed.find((place) => x >= place.left && x <= place.right && y >= place.top && y <= place.bottom) ?? null;
  }

  /** First and last open time in view. */
  get inView(): { from: number; to: number } {
    const { from, to } = this.chart.getVisibleRange();
    const bars = this.bars;
    return { from: bars[Math.max(0, from)]?.timestamp ?? 0, to: bars[Math.min(bars.length, to) - 1]?.timestamp ?? 0 };
  }

  onPointer(clicked: (spot: Spot) => void, over: (spot: Spot) => boolean): void {
    const main = this.chart.getDom(MAIN, 'main');
    if (main) watchPointer(main, clicked, over);
  }

  onView(callback: () => void): void {
    this.chart.subscribeAction('onVisibleRangeChange', callback);
  }
}
