// What one account holds: equity, positions, orders and fills, kept fresh by the stream.
import { api, ask } from '$lib/api/transport';
import type { Account, Balance, EquityMark, Fill, NewOrder, Order, Position, Preview, RiskState } from '$lib/api/types';
import { stream } from '$lib/stream/stream.svelte';

const WORKING = new Set(['INTENT', 'SUBMITTING', 'UNKNOWN', 'LIVE', 'PARTIAL']);
export const isWorking = (order: Order): boolean => WORKING.has(order.status);

class Book {
  account = $state.raw<Account | null>(null);
  positions = $state.raw<Position[]>([]);
  orders = $state.raw<Order[]>([]);
  fills = $state.raw<Fill[]>([]);
  balance = $state.raw<Balance[]>([]);
  risk = $state.raw<RiskState | null>(null);
  cause = $state<unknown>(null);
  /** Its orders become tickets that a person carries to a broker. */
  byHand = $derived(this.account?.venue === 'manual');
  working = $derived(this.orders.filter(isWorking));
  open = $derived(this.positions.filter((position) => Number(position.quantity) !== 0).map((position) => this.#guarded(position)));
  #heard: (() => void)[] = [];
  #fresh: ReturnType<typeof setTimeout> | undefined;

  /** An event tells a position without its stop and take: the working orders know them. */
  #guarded(position: Position): Position {
    const own = this.working.filter((order) => order.instrument === position.instrument);
    return {
      ...position,
      stop: own.find((order) => order.role === 'STOP')?.stop_price ?? position.stop ?? null,
      take: own.find((order) => order.role === 'TAKE')?.price ?? position.take ?? null
    };
  }

  /** Shows another account, or none. */
  async show(account: Account | null): Promise<void> {
    this.account = account;
    this.positions = [];
    this.orders = [];
    this.fills = [];
    this.balance = [];
    this.risk = null;
    if (account) await this.read();
  }

  async read(): Promise<void> {
    const id = this.account?.id;
    if (!id) return;
    const of = { params: { query: { account_id: id } } };
    try {
      const [account, positions, open, fills, balance, risk] = await Promise.all([
        ask(api.GET('/api/v1/accounts/{account_id}', { params: { path: { account_id: id } } })),
        ask(api.GET('/api/v1/trading/positions', of)),
        ask(api.GET('/api/v1/trading/orders', { params: { query: { account_id: id, status: 'open', limit: 200 } } })),
        ask(api.GET('/api/v1/trading/fills', { params: { query: { account_id: id, limit: 200 } } })),
        ask(api.GET('/api/v1/trading/balance', of)),
        ask(api.GET('/api/v1/risk/state', of))
      ]);
      if (this.account?.id !== id) return;
      this.account = account;
      this.positions = positions.items;
      this.orders = open.items;
      this.fills = fills.items;
      this.balance = balance.items;
      this.risk = risk;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    }
  }

  listen(): void {
    if (this.#heard.length) return;
    this.#heard = [
      stream.onFresh(() => void this.read()),
      stream.on('order_update', (_event, data) => this.#order(data as Order)),
      stream.on('position_update', (_event, data) => this.#position(data as Position)),
      stream.on('equity_update', (_event, data) => this.#equity(data as EquityMark)),
      stream.on('fill', (_event, data) => this.#fill(data as Fill))
    ];
  }

  deafen(): void {
    for (const stop of this.#heard) stop();
    this.#heard = [];
  }

  #order(order: Order): void {
    if (order.account_id !== this.account?.id) return;
    const rest = this.orders.filter((row) => row.id !== order.id);
    this.orders = [order, ...rest].slice(0, 400);
  }

  #position(position: Position): void {
    if (position.account_id !== this.account?.id) return;
    const rest = this.positions.filter((row) => row.instrument !== position.instrument);
    this.positions = Number(position.quantity) === 0 ? rest : [...rest, position];
  }

  #equity(mark: EquityMark): void {
    if (mark.account_id !== this.account?.id || !this.account) return;
    const { equity, cash, market_value, unrealised, ts } = mark;
    this.account = { ...this.account, equity, cash, market_value, unrealised, ts };
  }

  /** Shows a position at the newest close; the platform's own figures follow with its next event. */
  mark(instrument: string, price: number): void {
    if (!this.positions.some((row) => row.instrument === instrument)) return;
    this.positions = this.positions.map((row) => {
      if (row.instrument !== instrument) return row;
      const size = Number(row.quantity);
      return {
        ...row,
        mark: String(price),
        market_value: String(size * price),
        unrealised: String((price - Number(row.average_price)) * size)
      };
    });
  }

  #fill(fill: Fill): void {
    if (fill.account_id !== this.account?.id) return;
    if (!this.fills.some((row) => row.id === fill.id)) this.fills = [fill, ...this.fills];
    clearTimeout(this.#fresh);
    this.#fresh = setTimeout(() => void this.#cash(), 400);
  }

  /** Balance and risk change with fills; they are small and read again shortly after. */
  async #cash(): Promise<void> {
    const id = this.account?.id;
    if (!id) return;
    const of = { params: { query: { account_id: id } } };
    try {
      const [account, balance, risk] = await Promise.all([
        ask(api.GET('/api/v1/accounts/{account_id}', { params: { path: { account_id: id } } })),
        ask(api.GET('/api/v1/trading/balance', of)),
        ask(api.GET('/api/v1/risk/state', of))
      ]);
      if (this.account?.id !== id) return;
      this.account = account;
      this.balance = balance.items;
      this.risk = risk;
    } catch (cause) {
      this.cause = cause;
    }
  }

  preview(request: NewOrder): Promise<Preview> {
    return ask(api.POST('/api/v1/trading/orders/preview', { body: request }));
  }

  /** `key` makes a repeated press the same order. */
  async submit(request: NewOrder, key: string): Promise<Order> {
    const order = await ask(api.POST('/api/v1/trading/orders', { params: { header: { 'Idempotency-Key': key } }, body: request }));
    this.#order(order);
    return order;
  }

  async cancel(order: Order): Promise<void> {
    this.#order(await ask(api.DELETE('/api/v1/trading/orders/{order_id}', { params: { path: { order_id: order.id } } })));
  }

  async close(position: Position): Promise<void> {
    const params = { header: { 'Idempotency-Key': crypto.randomUUID() } };
    const body = { account_id: position.account_id, instrument: position.instrument };
    this.#order(await ask(api.POST('/api/v1/trading/positions/close', { params, body })));
  }
}

export const book = new Book();
