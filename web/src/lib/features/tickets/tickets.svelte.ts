// What one account that trades by hand has still to carry out, and what came of it.
import { api, ask } from '$lib/api/transport';
import type { ManualTicket, NewTicketFill, Order, StatementBooked } from '$lib/api/types';
import { i18n } from '$lib/i18n/index.svelte';
import { stream } from '$lib/stream/stream.svelte';

const RECENT = 20;
/** The worker books what was said within a moment; then orders change and this is read again. */
const SETTLE_MS = 300;
/** The platform takes bodies of 1 MiB; the form around the file needs a little of it. */
export const LARGEST_STATEMENT = 1_000_000;

/** A ticket and the order it was written for. */
export type Carried = { ticket: ManualTicket; order: Order | null };

class Tickets {
  items = $state.raw<Carried[]>([]);
  recent = $state.raw<Order[]>([]);
  loaded = $state(false);
  cause = $state<unknown>(null);
  #account: string | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Follows one account until the returned function is called. */
  follow(accountId: string): () => void {
    if (this.#account !== accountId) {
      this.items = [];
      this.recent = [];
      this.loaded = false;
    }
    this.#account = accountId;
    void this.read();
    const mine = (data: unknown) => (data as { account_id?: string }).account_id === accountId && this.#soon();
    const heard = [
      stream.onFresh(() => void this.read()),
      stream.on('order_update', (_event, data) => mine(data)),
      stream.on('fill', (_event, data) => mine(data))
    ];
    return () => {
      for (const stop of heard) stop();
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.read();
    }, SETTLE_MS);
  }

  async read(): Promise<void> {
    const account_id = this.#account;
    if (!account_id) return;
    try {
      const [tickets, open, closed] = await Promise.all([
        ask(api.GET('/api/v1/trading/tickets', { params: { query: { account_id, locale: i18n.locale } } })),
        ask(api.GET('/api/v1/trading/orders', { params: { query: { account_id, status: 'open', limit: 200 } } })),
        ask(api.GET('/api/v1/trading/orders', { params: { query: { account_id, status: 'closed', limit: RECENT } } }))
      ]);
      if (account_id !== this.#account) return;
      const orders = new Map([...open.items, ...closed.items].map((order) => [order.client_order_id, order]));
      this.items = tickets.items.map((ticket) => ({ ticket, order: orders.get(ticket.client_order_id) ?? null }));
      this.recent = closed.items;
      this.cause = null;
    } catch (cause) {
      if (account_id === this.#account) this.cause = cause;
    } finally {
      if (account_id === this.#account) this.loaded = true;
    }
  }

  async confirm(order: Order, said: NewTicketFill): Promise<void> {
    await ask(api.POST('/api/v1/trading/orders/{order_id}/fills', { params: { path: { order_id: order.id } }, body: said }));
    await this.read();
  }

  async withdraw(order: Order): Promise<void> {
    await ask(api.DELETE('/api/v1/trading/orders/{order_id}', { params: { path: { order_id: order.id } } }));
    await this.read();
  }

  async importStatement(accountId: string, file: File): Promise<StatementBooked> {
    const done = await ask(
      api.POST('/api/v1/trading/tickets/statement', {
        body: { account_id: accountId, file: file.name },
        bodySerializer: (fields) => {
          const form = new FormData();
          form.set('account_id', fields.account_id);
          form.set('file', file);
          return form;
        }
      })
    );
    await this.read();
    return done;
  }
}

export const tickets = new Tickets();
