// The structures on the chart: that of its own bars, as far back as bars are loaded, and those of coarser periods.
import { api, ask } from '$lib/api/transport';
import type { ChanPoint, ClosedBar, Structure, Timeframe } from '$lib/api/types';
import { applyDelta, fits } from '$features/research/delta';
import { ghostsOf } from '$features/research/ghosts';
import { periodMs } from '$lib/format/times';
import type { Higher } from './drawing';
import { DEFAULT_CONFIG } from './levels.svelte';

export type Series = { instrument: string; timeframe: Timeframe; replay_id?: string; adjust?: string };

const WINDOW_BARS = 10_000;
const WIDEST_BARS = 200_000;
/** How often a structure that nobody sends changes for is read again while bars close. */
const AGAIN_MS = 1500;
/** How many bars are searched for points that were taken back. */
const GHOST_BARS = 500;

class ChartStructure {
  own = $state.raw<Structure | null>(null);
  higher = $state.raw<Higher[]>([]);
  /** Points of the newest bars that were shown once and taken back. */
  withdrawn = $state.raw<ChanPoint[]>([]);
  cause = $state<unknown>(null);
  reading = $state(false);
  config = $state<string>(DEFAULT_CONFIG);
  #series: Series | null = null;
  #coarser: string[] = [];
  #ghosts = false;
  #window = WINDOW_BARS;
  #turn = 0;
  #higherTurn = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** The series on the chart. */
  get series(): Series | null {
    return this.#series;
  }

  /** Begins with another series, or with none. */
  show(series: Series | null): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    this.#series = series;
    this.#window = WINDOW_BARS;
    this.#coarser = [];
    this.own = null;
    this.higher = [];
    this.withdrawn = [];
    this.#ghosts = false;
    this.cause = null;
    this.#turn += 1;
    this.#higherTurn += 1;
    if (series) void this.read();
  }

  useConfig(config: string): void {
    if (config === this.config) return;
    this.config = config;
    if (!this.#series) return;
    void this.read();
    void this.#readHigher();
    void this.#readGhosts();
  }

  useGhosts(on: boolean): void {
    if (on === this.#ghosts) return;
    this.#ghosts = on;
    this.withdrawn = [];
    void this.#readGhosts();
  }

  useCoarser(timeframes: string[]): void {
    if (timeframes.join() === this.#coarser.join()) return;
    this.#coarser = timeframes;
    this.higher = this.higher.filter((row) => timeframes.includes(row.timeframe));
    void this.#readHigher();
  }

  async read(): Promise<void> {
    const series = this.#series;
    if (!series) return;
    const turn = ++this.#turn;
    this.reading = true;
    try {
      const structure = await this.#ask(series, this.#window);
      if (turn !== this.#turn) return;
      this.own = structure;
      this.cause = null;
    } catch (cause) {
      if (turn === this.#turn) this.cause = cause;
    } finally {
      if (turn === this.#turn) this.reading = false;
    }
  }

  /** Reads further back once bars are loaded that the structure does not reach. */
  cover(bars: number, firstTs: number): void {
    if (!this.own || (this.own.first_ts ?? 0) <= firstTs || bars <= this.#window || this.#window >= WIDEST_BARS) return;
    while (this.#window < bars) this.#window *= 2;
    this.#window = Math.min(WIDEST_BARS, this.#window);
    void this.read();
  }

  /** Takes the changes that closed bars brought; without them, or with some missed, the structure is read again. */
  grow(queue: readonly ClosedBar[]): void {
    if (this.higher.length > 0 || this.#ghosts) this.#soon();
    let structure = this.own;
    if (!structure) return;
    if (this.config !== DEFAULT_CONFIG) return this.#soon();
    for (const closed of queue) {
      const closeTs = closed.bar[0] + periodMs(closed.timeframe);
      if (!closed.chan || closeTs <= (structure.as_of_ms ?? 0)) continue;
      if (!fits(structure, closed.chan)) return void this.read();
      structure = applyDelta(structure, closed.chan, closeTs);
    }
    this.own = structure;
  }

  #soon(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      if (this.config !== DEFAULT_CONFIG) void this.read();
      void this.#readHigher();
      void this.#readGhosts();
    }, AGAIN_MS);
  }

  async #readHigher(): Promise<void> {
    const series = this.#series;
    if (!series) return;
    const turn = ++this.#higherTurn;
    try {
      const read = this.#coarser.map(async (timeframe) => {
        const structure = await this.#ask({ ...series, timeframe: timeframe as Timeframe }, WINDOW_BARS);
        return { timeframe, structure };
      });
      const higher = await Promise.all(read);
      if (turn === this.#higherTurn) this.higher = higher;
    } catch (cause) {
      if (turn === this.#higherTurn) this.cause = cause;
    }
  }

  async #readGhosts(): Promise<void> {
    const series = this.#series;
    if (!series || !this.#ghosts) return;
    try {
      const query = { ...series, config: this.config, layer: 'point' as const, limit: GHOST_BARS };
      const { items } = await ask(api.GET('/api/v1/chan/events', { params: { query } }));
      if (series === this.#series && this.#ghosts) this.withdrawn = ghostsOf(items, this.own);
    } catch (cause) {
      if (series === this.#series) this.cause = cause;
    }
  }

  #ask(series: Series, limit: number): Promise<Structure> {
    return ask(api.GET('/api/v1/chan/structure', { params: { query: { ...series, config: this.config, limit } } }));
  }
}

export const chan = new ChartStructure();
