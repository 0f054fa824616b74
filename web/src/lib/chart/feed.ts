// Bars on their way into the chart: pages of history on demand, live bars in batches.
import type { DataLoader, KLineData } from 'klinecharts';
import { api, ask } from '$lib/api/transport';
import type { BarRow, Bars, Timeframe } from '$lib/api/types';

const FIRST = 2000;
const MORE = 3000;

export function toBar(row: BarRow): KLineData {
  return {
    timestamp: row[0],
    open: Number(row[1]),
    high: Number(row[2]),
    low: Number(row[3]),
    close: Number(row[4]),
    volume: Number(row[5])
  };
}

export type FeedState = 'loading' | 'ready' | 'empty' | 'failed';
export type FeedKey = { instrument: string; timeframe: string; replayId: string | null };

export class BarFeed {
  #push: ((bar: KLineData) => void) | null = null;
  #waiting: BarRow[] = [];
  #stopped = new AbortController();
  #lastTs = 0;

  constructor(
    readonly key: FeedKey,
    private readonly report: (state: FeedState, cause?: unknown, bars?: KLineData[]) => void
  ) {}

  /** The series as the platform is asked for it; with a replay, only what its clock has seen. */
  get query(): { instrument: string; timeframe: Timeframe; replay_id?: string } {
    const { instrument, timeframe, replayId } = this.key;
    return { instrument, timeframe: timeframe as Timeframe, ...(replayId ? { replay_id: replayId } : {}) };
  }

  get lastTs(): number {
    return this.#lastTs;
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
      if (row[0] < this.#lastTs) continue;
      this.#lastTs = row[0];
      this.#push(toBar(row));
    }
  }

  async #page(limit: number, before: number | null): Promise<Bars> {
    return ask(
      api.GET('/api/v1/market/bars', {
        params: { query: { ...this.query, limit, ...(before === null ? {} : { before }) } },
        signal: this.#stopped.signal
      })
    );
  }

  readonly loader: DataLoader = {
    getBars: async ({ type, timestamp, callback }) => {
      if (type === 'backward') return callback([], { backward: false, forward: true });
      if (type === 'init') this.report('loading');
      try {
        const page = await this.#page(type === 'init' ? FIRST : MORE, type === 'forward' ? timestamp : null);
        const bars = (page.bars as BarRow[]).map(toBar);
        if (type === 'init') this.#lastTs = bars.at(-1)?.timestamp ?? 0;
        callback(bars, { forward: page.has_more, backward: false });
        if (type === 'init') this.report(bars.length ? 'ready' : 'empty', undefined, bars);
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
