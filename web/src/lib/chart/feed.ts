// Bars on their way into the chart: pages of history on demand, live bars in batches, several as one when there are
// more than pixels.
import type { DataLoader, KLineData } from 'klinecharts';
import { api, ask } from '$lib/api/transport';
import type { BarRow, Bars, Timeframe } from '$lib/api/types';
import { isDaily, periodMs } from '$lib/format/times';
import { foldBars, type DrawnBar } from './fold';
import { macdRows, type MacdRow } from './macd';
import { firstPlace } from './places';

const FIRST = 2000;
/** Each further page is twice as long as the one before, up to what the platform gives at once. */
const LONGEST = 10_000;
const DAY_MS = 86_400_000;

/** A bar with the time to show for it, where it is to be named by its end. */
export type Bar = KLineData & { label?: number };

export function toBar(row: BarRow, label?: number): Bar {
  return {
    ...(label === undefined ? {} : { label }),
    timestamp: row[0],
    open: Number(row[1]),
    high: Number(row[2]),
    low: Number(row[3]),
    close: Number(row[4]),
    volume: Number(row[5])
  };
}

/** The time that stands for a bar on the page. */
export function shownTs(bar: KLineData | null | undefined): number | undefined {
  return (bar as Bar | null | undefined)?.label ?? bar?.timestamp;
}

export type FeedState = 'loading' | 'ready' | 'empty' | 'failed';
/** `adjust` puts share prices across their ex-dates, `label` names bars by their end; neither is needed. */
export type FeedKey = { instrument: string; timeframe: string; replayId: string | null; adjust?: string; label?: 'open' | 'close' };

export class BarFeed {
  /** Every bar loaded so far, one by one. */
  bars: Bar[] = [];
  /** How the prices that came are adjusted, as the platform names it. */
  mode = 'none';
  /** How many bars are drawn as one. The chart has to be reset after a change. */
  fold = 1;
  #push: ((bar: KLineData) => void) | null = null;
  #waiting: BarRow[] = [];
  #stopped = new AbortController();
  #next = 2 * FIRST;
  #more = true;
  #drawnTs = 0;
  /** MACD of all bars, kept until they change. */
  #rows: MacdRow[] | null = null;
  /** How long the bar that opens at this time of day lasts: a session may cut one short. */
  #lasts = new Map<number, number>();

  constructor(
    readonly key: FeedKey,
    private readonly report: (state: FeedState, cause?: unknown) => void
  ) {}

  /** The series as the platform is asked for it; with a replay, only what its clock has seen. */
  get query(): { instrument: string; timeframe: Timeframe; replay_id?: string; adjust?: string } {
    const { instrument, timeframe, replayId, adjust } = this.key;
    return {
      instrument,
      timeframe: timeframe as Timeframe,
      ...(replayId ? { replay_id: replayId } : {}),
      ...(adjust && adjust !== 'none' ? { adjust } : {})
    };
  }

  get lastTs(): number {
    return this.bars.at(-1)?.timestamp ?? 0;
  }

  stop(): void {
    this.#stopped.abort();
    this.#push = null;
  }

  /** Adds bars that closed just now; bars already on the chart are skipped. */
  close(rows: BarRow[]): void {
    if (!this.#push) {
      this.#waiting.push(...rows);
      return;
    }
    for (const row of rows) {
      if (row[0] < this.lastTs) continue;
      const bar = toBar(row, this.#labelOf(row[0]));
      if (row[0] === this.lastTs) this.bars[this.bars.length - 1] = bar;
      else this.bars.push(bar);
      if (this.fold === 1) this.#push(bar);
    }
    this.#rows = null;
    if (this.fold > 1) this.#pushFolded(this.#push);
  }

  /** The newest drawn bar may stand for more bars now, and others may have followed it. */
  #pushFolded(push: (bar: KLineData) => void): void {
    const drawn = this.#drawn();
    for (const bar of drawn.slice(firstPlace(drawn.length, (place) => (drawn[place]?.timestamp ?? 0) >= this.#drawnTs))) push(bar);
    this.#drawnTs = drawn.at(-1)?.timestamp ?? 0;
  }

  /** Whether older bars than these are still to be had. */
  get more(): boolean {
    return this.#more;
  }

  #drawn(): DrawnBar[] {
    if (this.fold === 1) return this.bars;
    this.#rows ??= macdRows(this.bars.map((bar) => bar.close));
    return foldBars(this.bars, this.#rows, this.fold * periodMs(this.key.timeframe));
  }

  /** Live bars come without the time to show: it follows from those that came with one. */
  #labelOf(ts: number): number | undefined {
    if (this.key.label !== 'close' || isDaily(this.key.timeframe)) return undefined;
    return ts + (this.#lasts.get(ts % DAY_MS) ?? periodMs(this.key.timeframe));
  }

  #read(page: Bars): Bar[] {
    const { labels } = page;
    return (page.bars as BarRow[]).map((row, place) => {
      const label = labels?.[place];
      if (label !== undefined) this.#lasts.set(row[0] % DAY_MS, label - row[0]);
      return toBar(row, label);
    });
  }

  async #page(limit: number, before: number | null): Promise<Bars> {
    return ask(
      api.GET('/api/v1/market/bars', {
        params: { query: { ...this.query, limit, ...(before === null ? {} : { before }), ...(this.key.label === 'close' ? { label: 'close' as const } : {}) } },
        signal: this.#stopped.signal
      })
    );
  }

  readonly loader: DataLoader = {
    getBars: async ({ type, timestamp, callback }) => {
      if (type === 'backward') return callback([], { backward: false, forward: true });
      // The bars are here already and are only drawn another way: the chart must not wait, or it would flicker.
      if (type === 'init' && this.bars.length > 0) {
        const drawn = this.#drawn();
        this.#drawnTs = drawn.at(-1)?.timestamp ?? 0;
        return callback([...drawn], { forward: this.#more, backward: false });
      }
      if (type === 'init') this.report('loading');
      try {
        const page = await this.#page(type === 'init' ? FIRST : this.#next, type === 'forward' ? timestamp : null);
        if (type === 'forward') this.#next = Math.min(LONGEST, this.#next * 2);
        const before = this.bars[0]?.timestamp ?? Infinity;
        // A reset of the chart while a page was on its way lets it be asked for twice.
        const older = this.#read(page).filter((bar) => bar.timestamp < before);
        this.mode = page.mode;
        this.bars = [...older, ...this.bars];
        this.#rows = null;
        this.#more = page.has_more;
        const drawn = this.#drawn();
        if (type === 'init') this.#drawnTs = drawn.at(-1)?.timestamp ?? 0;
        // The chart keeps and grows the list it is given: it must not be ours.
        callback(drawn.slice(0, firstPlace(drawn.length, (place) => (drawn[place]?.timestamp ?? 0) >= before)), { forward: this.#more, backward: false });
        this.report(this.bars.length ? 'ready' : 'empty');
      } catch (cause) {
        if (this.#stopped.signal.aborted) return;
        if (type === 'init') {
          callback([], false);
          this.report('failed', cause);
        } else callback([], { forward: true, backward: false });
      }
    },
    subscribeBar: ({ callback }) => {
      this.#push = callback;
      const waiting = this.#waiting;
      this.#waiting = [];
      this.close(waiting);
    },
    unsubscribeBar: () => {
      this.#push = null;
    }
  };
}
