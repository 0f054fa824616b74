// This person's backtests: the list, the runs under way, and one result at a time.
import { api, ask } from '$lib/api/transport';
import type { Backtest, Comparison, NewBacktest } from '$lib/api/types';
import type { Conditions } from './conditions';
import type { Result } from './report';

/** A form that another page filled in; the page of backtests opens it. */
export type Wanted = Partial<Conditions> & { strategy: string };

const POLL_MS = 700;
const PAGE = 50;
const UNDER_WAY = new Set(['QUEUED', 'RUNNING']);

export const underWay = (run: Backtest): boolean => UNDER_WAY.has(run.status);
const filePath = (id: string) => ({ params: { path: { backtest_id: id } }, parseAs: 'blob' }) as const;

class Runs {
  items = $state.raw<Backtest[]>([]);
  loaded = $state(false);
  more = $state(false);
  cause = $state<unknown>(null);
  wanted = $state.raw<Wanted | null>(null);
  #following = false;

  async load(): Promise<void> {
    try {
      this.items = (await ask(api.GET('/api/v1/backtest/results', { params: { query: { limit: PAGE } } }))).items;
      this.more = this.items.length === PAGE;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.loaded = true;
    }
  }

  async older(): Promise<void> {
    const last = this.items.at(-1);
    if (!last) return;
    const { items } = await ask(api.GET('/api/v1/backtest/results', { params: { query: { limit: PAGE, before_id: last.id } } }));
    this.items = [...this.items, ...items];
    this.more = items.length === PAGE;
  }

  /** Reads what is under way until nothing is, or nobody looks any more. */
  async follow(watched: () => boolean): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    try {
      while (watched() && this.items.some(underWay)) {
        await new Promise((done) => setTimeout(done, POLL_MS));
        await Promise.all(this.items.filter(underWay).map((run) => this.#reread(run.id)));
      }
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.#following = false;
    }
  }

  async #reread(id: string): Promise<void> {
    const { equity_curve: _curve, trades: _trades, report: _report, ...run } = await this.read(id);
    this.items = this.items.map((row) => (row.id === id ? run : row));
  }

  async read(id: string): Promise<Result> {
    return (await ask(api.GET('/api/v1/backtest/results/{backtest_id}', { params: { path: { backtest_id: id } } }))) as Result;
  }

  async start(body: NewBacktest): Promise<Backtest> {
    const run = await ask(api.POST('/api/v1/backtest/run', { body }));
    this.items = [run, ...this.items];
    return run;
  }

  async cancel(run: Backtest): Promise<void> {
    await ask(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: run.job_id } } }));
  }

  async forget(id: string): Promise<void> {
    await ask(api.DELETE('/api/v1/backtest/results/{backtest_id}', { params: { path: { backtest_id: id } } }));
    this.items = this.items.filter((row) => row.id !== id);
  }

  compare(ids: string[]): Promise<Comparison> {
    return ask(api.GET('/api/v1/backtest/results/compare', { params: { query: { ids: ids.join(',') } } }));
  }

  /** A file needs the token too, so it is fetched and then handed to the browser. */
  async save(id: string, kind: 'csv' | 'html'): Promise<void> {
    const reply =
      kind === 'csv'
        ? api.GET('/api/v1/backtest/results/{backtest_id}/trades.csv', filePath(id))
        : api.GET('/api/v1/backtest/results/{backtest_id}/report.html', filePath(id));
    const address = URL.createObjectURL((await ask(reply)) as Blob);
    const link = Object.assign(document.createElement('a'), { href: address, download: kind === 'csv' ? `backtest-${id}-trades.csv` : `backtest-${id}.html` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}

export const runs = new Runs();
