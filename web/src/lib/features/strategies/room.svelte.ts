// One strategy at a time: what is set of it, when it ran, and what came of its signals.
import { strategies } from '$features/sessions/strategies.svelte';
import { api, ask } from '$lib/api/transport';
import type { Job, NewSchedule, RiskProfile, Signal, Strategy, StrategyPerformance, StrategyRun, StrategyVersion, Timeframe } from '$lib/api/types';
import type { Target } from './target';

const POLL_MS = 600;
const PAGE = 20;

export const underWay = (run: StrategyRun): boolean => run.status === 'PENDING' || run.status === 'RUNNING';

class Room {
  runs = $state.raw<StrategyRun[]>([]);
  /** The jobs of runs under way, by run. */
  jobs = $state.raw<Record<string, Job>>({});
  versions = $state.raw<StrategyVersion[]>([]);
  signals = $state.raw<Signal[]>([]);
  performance = $state.raw<StrategyPerformance | null>(null);
  more = $state<string | null>(null);
  cause = $state<unknown>(null);
  loaded = $state(false);
  #id = '';
  #following = false;

  #of() {
    return { path: { key: this.#id } };
  }

  async open(id: string): Promise<void> {
    if (id !== this.#id) {
      this.#id = id;
      [this.runs, this.versions, this.signals, this.performance, this.loaded, this.jobs] = [[], [], [], null, false, {}];
    }
    await this.read();
  }

  async read(): Promise<void> {
    const id = this.#id;
    const params = this.#of();
    try {
      const [runs, versions, signals, performance] = await Promise.all([
        ask(api.GET('/api/v1/strategies/{key}/runs', { params: { ...params, query: { limit: PAGE } } })),
        ask(api.GET('/api/v1/strategies/{key}/versions', { params: { ...params, query: { limit: PAGE } } })),
        ask(api.GET('/api/v1/strategies/{key}/signals', { params: { ...params, query: { limit: 8 } } })),
        ask(api.GET('/api/v1/strategies/{key}/performance', { params }))
      ]);
      if (id !== this.#id) return;
      [this.runs, this.more] = [runs.items, runs.next_cursor ?? null];
      [this.versions, this.signals, this.performance] = [versions.items, signals.items, performance];
      this.cause = null;
    } catch (cause) {
      if (id === this.#id) this.cause = cause;
    } finally {
      this.loaded = true;
    }
  }

  async older(): Promise<void> {
    const query = { limit: PAGE, cursor: this.more };
    const page = await ask(api.GET('/api/v1/strategies/{key}/runs', { params: { ...this.#of(), query } }));
    [this.runs, this.more] = [[...this.runs, ...page.items], page.next_cursor ?? null];
  }

  /** Reads again what is under way until nothing is, or nobody looks any more; true when something ended meanwhile. */
  async follow(watched: () => boolean): Promise<boolean> {
    if (this.#following) return false;
    this.#following = true;
    let ended = false;
    try {
      while (watched() && this.runs.some(underWay)) {
        const going = this.runs.filter(underWay);
        const jobs = await Promise.all(going.map((run) => ask(api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: run.job_id } } }))));
        this.jobs = Object.fromEntries(going.map((run, place) => [run.id, jobs[place]!]));
        await new Promise((done) => setTimeout(done, POLL_MS));
        await this.read();
        if (this.cause) break;
        ended ||= going.some((run) => !this.runs.some((row) => row.id === run.id && underWay(row)));
      }
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.#following = false;
    }
    return ended;
  }

  async run(target: Target, auto: boolean): Promise<StrategyRun> {
    const body = { account_id: target.account, instruments: target.instruments, timeframe: target.timeframe as Timeframe, auto_execute: auto };
    const run = await ask(api.POST('/api/v1/strategies/{key}/run', { params: this.#of(), body }));
    this.runs = [run, ...this.runs];
    return run;
  }

  #keep(strategy: Strategy): Strategy {
    strategies.items = strategies.items.map((row) => (row.id === strategy.id ? strategy : row));
    return strategy;
  }

  async toggle(strategy: Strategy): Promise<boolean> {
    const enabled = await ask(api.POST('/api/v1/strategies/{key}/toggle', { params: { path: { key: strategy.id } } }));
    this.#keep({ ...strategy, enabled });
    return enabled;
  }

  async setParams(strategy: Strategy, params: Record<string, unknown>, changelog: string): Promise<Strategy> {
    const body = { params, changelog };
    const saved = this.#keep(await ask(api.PUT('/api/v1/strategies/{key}/params', { params: { path: { key: strategy.id } }, body })));
    await this.read();
    return saved;
  }

  async setRisk(strategy: Strategy, body: RiskProfile): Promise<void> {
    this.#keep(await ask(api.PUT('/api/v1/strategies/{key}/risk-profile', { params: { path: { key: strategy.id } }, body })));
  }

  async setAuto(strategy: Strategy, on: boolean): Promise<void> {
    this.#keep(await ask(api.PUT('/api/v1/strategies/{key}/auto-execute', { params: { path: { key: strategy.id } }, body: { on } })));
  }

  async setSchedule(strategy: Strategy, body: NewSchedule): Promise<void> {
    this.#keep(await ask(api.PUT('/api/v1/strategies/{key}/schedule', { params: { path: { key: strategy.id } }, body })));
  }

  async clearSchedule(strategy: Strategy): Promise<void> {
    this.#keep(await ask(api.DELETE('/api/v1/strategies/{key}/schedule', { params: { path: { key: strategy.id } } })));
  }

  async makeOwn(base: Strategy, name: string, params: Record<string, unknown>): Promise<Strategy> {
    const made = await ask(api.POST('/api/v1/strategies', { body: { base: base.base_key ?? base.key, name, params } }));
    await strategies.load(true);
    return made;
  }
}

export const room = new Room();
