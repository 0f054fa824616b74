// The chart's own state: which bars it shows, and how closed bars reach it at most ten times a second.
import type { KLineData } from 'klinecharts';
import { api, ask } from '$lib/api/transport';
import type { BarRow, ClosedBar, Health } from '$lib/api/types';
import { desk } from '$features/desk/desk.svelte';
import { market } from '$features/market/market.svelte';
import { BarFeed, shownTs, type FeedState } from '$lib/chart/feed';
import type { Board } from '$lib/chart/board';
import { barAt } from '$lib/chart/places';
import { isDaily, periodMs } from '$lib/format/times';
import { prefs } from '$lib/prefs/prefs.svelte';
import { stream } from '$lib/stream/stream.svelte';
import { adjusting } from './adjusting.svelte';
import { chan } from './structure.svelte';

const UPDATE_MS = 100;
const WATCH_MS = 3000;
const CATCH_UP = 500;

class TradeView {
  board = $state.raw<Board | null>(null);
  feedState = $state<FeedState>('loading');
  feedCause = $state<unknown>(null);
  health = $state.raw<Health | null>(null);
  last = $state.raw<KLineData | null>(null);
  previous = $state.raw<KLineData | null>(null);
  hovered = $state.raw<KLineData | null>(null);
  atLatest = $state(true);
  fold = $state(1);
  #feed: BarFeed | null = null;
  #queue: ClosedBar[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watchedAt = 0;
  #leave: (() => void)[] = [];

  /** Puts a series on the board. Call again whenever symbol, period or replay change. */
  show(board: Board, instrument: { symbol: string; tick: string }, timeframe: string, replayId: string | null): void {
    this.hide();
    this.board = board;
    this.health = null;
    this.hovered = null;
    const key = { instrument: instrument.symbol, timeframe, replayId, adjust: adjusting.key, label: prefs.here.barLabel };
    this.#feed = new BarFeed(key, (state, cause) => {
      this.feedState = state;
      this.feedCause = cause ?? null;
      this.#ends();
      const loaded = this.board?.raw;
      if (state === 'ready' && loaded?.[0]) chan.cover(loaded.length, loaded[0].timestamp);
    });
    if (replayId) this.#leave.push(stream.on('bar', (_event, data) => this.#heard(data as ClosedBar)));
    this.#leave.push(stream.onFresh(() => void this.#catchUp()));
    board.show(this.#feed, instrument);
    chan.show(this.#feed.query);
    void this.#readHealth();
  }

  hide(): void {
    for (const stop of this.#leave) stop();
    this.#leave = [];
    this.#queue = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#feed?.stop();
    this.#feed = null;
    chan.show(null);
  }

  retry(): void {
    if (this.board && desk.instrument) this.show(this.board, desk.instrument, desk.timeframe, desk.replay?.id ?? null);
  }

  /** The time that stands for the bar that opened at `ts`: its open, or its end where the reader wants that. */
  named(ts: number, timeframe: string = desk.timeframe): number {
    if (prefs.here.barLabel === 'open' || isDaily(timeframe)) return ts;
    const bars = timeframe === desk.timeframe ? (this.board?.raw ?? []) : [];
    const bar = bars[barAt(bars, ts)];
    return (bar?.timestamp === ts ? shownTs(bar) : undefined) ?? ts + periodMs(timeframe);
  }

  #ends(): void {
    const bars = this.board?.raw ?? [];
    this.last = bars.at(-1) ?? null;
    this.previous = bars.at(-2) ?? null;
  }

  async #readHealth(): Promise<void> {
    const feed = this.#feed;
    if (!feed) return;
    try {
      const health = await ask(api.GET('/api/v1/market/health', { params: { query: { instrument: feed.query.instrument, timeframe: feed.query.timeframe } } }));
      if (this.#feed === feed) this.health = health;
    } catch {
      // The report is an extra: without it no gap is marked, and the data page shows the reason.
      this.health = null;
    }
  }

  #heard(closed: ClosedBar): void {
    if (closed.replay_id !== desk.replay?.id) return;
    this.#queue.push(closed);
    this.#timer ??= setTimeout(() => this.#flush(), UPDATE_MS);
  }

  #flush(): void {
    this.#timer = undefined;
    const queue = this.#queue;
    this.#queue = [];
    const latest = queue.at(-1);
    if (!latest || !this.#feed) return;
    // What the stream brings are traded prices: adjusted ones are asked for.
    if (desk.following && adjusting.key === 'none') {
      this.#feed.close(queue.map((closed) => closed.bar));
      this.#ends();
      chan.grow(queue);
    } else void this.#pull();
    if (Date.now() - this.#watchedAt > WATCH_MS) {
      this.#watchedAt = Date.now();
      void market.refreshWatch(desk.replay?.id ?? null);
    }
  }

  /** Another series than the replay's own: its newest bars are asked for, at most as often as the watch list. */
  async #pull(): Promise<void> {
    if (Date.now() - this.#watchedAt > WATCH_MS) await this.#catchUp();
  }

  /** Fills in what closed while nobody told us; a hole too wide to bridge loads the series anew. */
  async #catchUp(): Promise<void> {
    const feed = this.#feed;
    if (!feed || this.feedState !== 'ready') return;
    try {
      const page = await ask(api.GET('/api/v1/market/bars', { params: { query: { ...feed.query, limit: CATCH_UP } } }));
      if (this.#feed !== feed) return;
      const bars = page.bars as BarRow[];
      const first = bars[0]?.[0];
      if (first !== undefined && first > feed.lastTs) return this.retry();
      // An ex-date passed meanwhile: what was adjusted to the day before is adjusted anew.
      const met = bars.find((row) => row[0] === feed.lastTs);
      if (met && adjusting.key !== 'none' && Number(met[4]) !== feed.bars.at(-1)?.close) return this.retry();
      feed.close(bars);
      this.#ends();
      await chan.read();
    } catch (cause) {
      chan.cause = cause;
    }
  }
}

export const view = new TradeView();
