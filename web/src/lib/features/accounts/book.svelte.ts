// What one account holds: equity, positions, orders and fills, kept fresh by the stream.
import { del, get, post } from '$lib/api/transport';
import type { Account, Balance, EquityMark, Fill, Order, OrderRequest, Page, Position, Preview, RiskState } from '$lib/api/types';
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
  open = $derived(this.positions.filter((position) => Number(position.quantity) !== 0));
  working = $derived(this.orders.filter(isWorking));
  #heard: (() => void)[] = [];
  #fresh: ReturnType<typeof setTimeout> | undefined;

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
    try {
      const [account, positions, open, fills, balance, risk] = await Promise.all([
        get<Account>(`/accounts/${id}`),
        get<Page<Position>>('/trading/positions', { account_id: id }),
        get<Page<Order>>('/trading/orders', { account_id: id, status: 'open', limit: 200 }),
        get<Page<Fill>>('/trading/fills', { account_id: id, limit: 200 }),
        get<Page<Balance>>('/trading/balance', { account_id: id }),
        get<RiskState>('/risk/state', { account_id: id })
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
      stream.on('fill', (_event, data) => this.#fill(data as Fill & { account_id?: string }))
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

  #fill(fill: Fill & { account_id?: string }): void {
    if (fill.account_id && fill.account_id !== this.account?.id) return;
    if (!fill.account_id && !this.orders.some((order) => order.id === fill.order_id)) return;
    if (!this.fills.some((row) => row.id === fill.id)) this.fills = [fill, ...this.fills];
    clearTimeout(this.#fresh);
    this.#fresh = setTimeout(() => void this.#cash(), 400);
  }

  /** Balance and risk change with fills; they are small and read again shortly after. */
  async #cash(): Promise<void> {
    const id = this.account?.id;
    if (!id) return;
    try {
      const [account, balance, risk] = await Promise.all([
        get<Account>(`/accounts/${id}`),
        get<Page<Balance>>('/trading/balance', { account_id: id }),
        get<RiskState>('/risk/state', { account_id: id })
      ]);
      if (this.account?.id !== id) return;
      this.account = account;
      this.balance = balance.items;
      this.risk = risk;
    } catch (cause) {
      this.cause = cause;
    }
  }

  preview(request: OrderRequest): Promise<Preview> {
    return post<Preview>('/trading/orders/preview', request);
  }

  /** `key` makes a repeated press the same order. */
  async submit(request: OrderRequest, key: string): Promise<Order> {
    const order = await post<Order>('/trading/orders', request, { 'Idempotency-Key': key });
    this.#order(order);
    return order;
  }

  async cancel(order: Order): Promise<void> {
    this.#order(await del<Order>(`/trading/orders/${order.id}`));
  }

  async close(position: Position): Promise<void> {
    this.#order(await post<Order>('/trading/positions/close', { account_id: position.account_id, instrument: position.instrument }, { 'Idempotency-Key': crypto.randomUUID() }));
  }
}

export const book = new Book();
