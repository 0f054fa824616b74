// Signals as the page lists them: what is asked for, what came, what is ticked and what was done with it.
import { api, ask } from '$lib/api/transport';
import type { Agreement, BatchDone, Order, Signal, SignalStatus } from '$lib/api/types';
import { isOpen } from './told';

export type Filter = { account: string; strategy: string; instrument: string; status: SignalStatus | ''; run: string };
export const NO_FILTER: Filter = { account: '', strategy: '', instrument: '', status: '', run: '' };
const PAGE = 50;

const fits = (signal: Signal, filter: Filter): boolean =>
  (!filter.account || signal.account_id === filter.account) &&
  (!filter.strategy || signal.strategy === filter.strategy) &&
  (!filter.instrument || signal.instrument === filter.instrument) &&
  (!filter.status || signal.status === filter.status) &&
  (!filter.run || signal.run_id === filter.run);

class Signals {
  rows = $state.raw<Signal[]>([]);
  filter = $state.raw<Filter>(NO_FILTER);
  ticked = $state.raw<string[]>([]);
  agreements = $state.raw<Agreement[]>([]);
  loaded = $state(false);
  cause = $state<unknown>(null);
  cursor = $state<string | null>(null);
  open = $derived(this.rows.filter(isOpen));
  #round = 0;

  #query(cursor: string | null) {
    const { account, strategy, instrument, status, run } = this.filter;
    return {
      limit: PAGE,
      ...(account ? { account_id: account } : {}),
      ...(strategy ? { strategy } : {}),
      ...(instrument ? { instrument } : {}),
      ...(status ? { status } : {}),
      ...(run ? { run_id: run } : {}),
      ...(cursor ? { cursor } : {})
    };
  }

  /** What is asked for last is what is shown, however late an earlier answer comes. */
  async read(): Promise<void> {
    const round = ++this.#round;
    try {
      const page = await ask(api.GET('/api/v1/signals', { params: { query: this.#query(null) } }));
      if (round !== this.#round) return;
      [this.rows, this.cursor, this.cause] = [page.items, page.next_cursor ?? null, null];
      this.ticked = this.ticked.filter((id) => this.open.some((row) => row.id === id));
    } catch (cause) {
      if (round === this.#round) this.cause = cause;
    } finally {
      if (round === this.#round) this.loaded = true;
    }
  }

  async show(filter: Filter): Promise<void> {
    this.filter = filter;
    await this.read();
  }

  async older(): Promise<void> {
    const page = await ask(api.GET('/api/v1/signals', { params: { query: this.#query(this.cursor) } }));
    [this.rows, this.cursor] = [[...this.rows, ...page.items], page.next_cursor ?? null];
  }

  async agree(accountId: string | null): Promise<void> {
    this.agreements = accountId ? (await ask(api.GET('/api/v1/signals/agreement', { params: { query: { account_id: accountId } } }))).items : [];
  }

  /** Takes a signal in that the stream or an action told of. */
  put(signal: Signal): void {
    const known = this.rows.some((row) => row.id === signal.id);
    if (known) this.rows = this.rows.map((row) => (row.id === signal.id ? signal : row));
    else if (fits(signal, this.filter)) this.rows = [signal, ...this.rows];
    if (!isOpen(signal)) this.ticked = this.ticked.filter((id) => id !== signal.id);
  }

  tick(id: string, on: boolean): void {
    this.ticked = on ? [...this.ticked, id] : this.ticked.filter((one) => one !== id);
  }

  async #done(signal: Promise<Signal>): Promise<Signal> {
    const told = await signal;
    this.put(told);
    return told;
  }

  one(id: string): Promise<Signal> {
    return ask(api.GET('/api/v1/signals/{signal_id}', { params: { path: { signal_id: id } } }));
  }
  validate(id: string): Promise<Signal> {
    return this.#done(ask(api.POST('/api/v1/signals/{signal_id}/validate', { params: { path: { signal_id: id } } })));
  }
  execute(id: string): Promise<Signal> {
    return this.#done(ask(api.POST('/api/v1/signals/{signal_id}/execute', { params: { path: { signal_id: id } } })));
  }
  cancel(id: string): Promise<Signal> {
    return this.#done(ask(api.POST('/api/v1/signals/{signal_id}/cancel', { params: { path: { signal_id: id } } })));
  }

  async executeMany(ids: string[]): Promise<BatchDone> {
    const done = await ask(api.POST('/api/v1/signals/execute-batch', { body: { ids } }));
    this.ticked = [];
    await this.read();
    return done;
  }

  order(id: string): Promise<Order> {
    return ask(api.GET('/api/v1/trading/orders/{order_id}', { params: { path: { order_id: id } } }));
  }
}

export const signals = new Signals();
