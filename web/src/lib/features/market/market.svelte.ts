// Instruments with their stored series, and the watch list.
import { api, ask } from '$lib/api/transport';
import type { Instrument, Page, WatchRow } from '$lib/api/types';

class Market {
  instruments = $state.raw<Instrument[]>([]);
  watch = $state.raw<WatchRow[]>([]);
  loaded = $state(false);
  cause = $state<unknown>(null);
  #watching = false;
  #wanted: string | null = null;
  #again = false;

  async load(): Promise<void> {
    const all: Instrument[] = [];
    let cursor: string | null = null;
    try {
      do {
        const page: Page<Instrument> = await ask(
          api.GET('/api/v1/market/instruments', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } } })
        );
        all.push(...page.items);
        cursor = page.next_cursor ?? null;
      } while (cursor);
      this.instruments = all;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.loaded = true;
    }
  }

  find(symbol: string | null): Instrument | null {
    if (!symbol) return null;
    return this.instruments.find((item) => item.symbol === symbol || item.alias === symbol) ?? null;
  }

  /** Reads the watch list; a call during a running one makes it run once more afterwards. */
  async refreshWatch(replayId: string | null): Promise<void> {
    this.#wanted = replayId;
    if (this.#watching) {
      this.#again = true;
      return;
    }
    this.#watching = true;
    try {
      const { items } = await ask(api.GET('/api/v1/market/watch', { params: { query: { limit: 50, ...(replayId ? { replay_id: replayId } : {}) } } }));
      // Prices of another moment than the one now shown (today's, during a replay) must not appear even for a second.
      if (this.#wanted === replayId) this.watch = items;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.#watching = false;
      if (this.#again) {
        this.#again = false;
        void this.refreshWatch(this.#wanted);
      }
    }
  }
}

export const market = new Market();

/** Periods in the order traders expect them. */
export const PERIODS = ['1m', '5m', '15m', '30m', '1h', '4h', '1d'];
