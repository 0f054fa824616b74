// This person's passports: the list, those that are being made, and one at a time.
import { api, ask } from '$lib/api/transport';
import type { NewPassport, PassportRow } from '$lib/api/types';
import type { Passport } from './passport';

const POLL_MS = 1000;
/** What another page wants asked: a strategy and the conditions of its backtest; the page of passports opens its form. */
export type Wanted = { strategy: string; asked: Record<string, unknown> };

const UNDER_WAY = new Set(['QUEUED', 'RUNNING']);

export const underWay = (row: PassportRow): boolean => UNDER_WAY.has(row.status);

class Passports {
  items = $state.raw<PassportRow[]>([]);
  loaded = $state(false);
  cause = $state<unknown>(null);
  wanted = $state.raw<Wanted | null>(null);
  #following = false;

  async load(): Promise<void> {
    try {
      this.items = (await ask(api.GET('/api/v1/backtest/passports'))).items;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.loaded = true;
    }
  }

  /** Reads the list again until nothing is under way, or nobody looks any more. */
  async follow(watched: () => boolean): Promise<void> {
    if (this.#following) return;
    this.#following = true;
    while (watched() && this.items.some(underWay)) {
      await new Promise((done) => setTimeout(done, POLL_MS));
      await this.load();
      if (this.cause) break;
    }
    this.#following = false;
  }

  async read(id: string): Promise<Passport> {
    return (await ask(api.GET('/api/v1/backtest/passports/{passport_id}', { params: { path: { passport_id: id } } }))) as unknown as Passport;
  }

  async start(body: NewPassport): Promise<PassportRow> {
    const made = await ask(api.POST('/api/v1/backtest/passports', { body }));
    this.items = [made, ...this.items];
    return made;
  }

  async cancel(row: PassportRow): Promise<void> {
    await ask(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: row.job_id } } }));
  }

  async forget(id: string): Promise<void> {
    await ask(api.DELETE('/api/v1/backtest/passports/{passport_id}', { params: { path: { passport_id: id } } }));
    this.items = this.items.filter((row) => row.id !== id);
  }
}

export const passports = new Passports();
