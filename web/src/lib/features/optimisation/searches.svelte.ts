// This person's searches: the list, those under way, and one at a time with its trials and its map.
import { api, ask } from '$lib/api/transport';
import type { NewOptimisation, Optimisation, ParameterMap, Trial } from '$lib/api/types';

const POLL_MS = 900;
const PAGE = 50;
const UNDER_WAY = new Set(['QUEUED', 'RUNNING']);

export const underWay = (search: Optimisation): boolean => UNDER_WAY.has(search.status);
const at = (id: string) => ({ params: { path: { optimisation_id: id } } }) as const;

class Searches {
  items = $state.raw<Optimisation[]>([]);
  loaded = $state(false);
  more = $state(false);
  cause = $state<unknown>(null);
  /** A strategy that another page wants searched; the page of searches opens the form. */
  wanted = $state.raw<string | null>(null);
  #following = false;

  async load(): Promise<void> {
    try {
      this.items = (await ask(api.GET('/api/v1/optimisations', { params: { query: { limit: PAGE } } }))).items;
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
    const { items } = await ask(api.GET('/api/v1/optimisations', { params: { query: { limit: PAGE, before_id: last.id } } }));
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
        const found = await Promise.all(this.items.filter(underWay).map((search) => this.read(search.id)));
        this.items = this.items.map((row) => found.find((one) => one.id === row.id) ?? row);
      }
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.#following = false;
    }
  }

  read(id: string): Promise<Optimisation> {
    return ask(api.GET('/api/v1/optimisations/{optimisation_id}', at(id)));
  }

  async trials(id: string, offset: number, limit: number): Promise<Trial[]> {
    return (await ask(api.GET('/api/v1/optimisations/{optimisation_id}/trials', { params: { path: { optimisation_id: id }, query: { offset, limit } } }))).items;
  }

  map(id: string, x: string, y: string): Promise<ParameterMap> {
    return ask(api.GET('/api/v1/optimisations/{optimisation_id}/map', { params: { path: { optimisation_id: id }, query: { x, ...(y ? { y } : {}) } } }));
  }

  async start(body: NewOptimisation): Promise<Optimisation> {
    const search = await ask(api.POST('/api/v1/optimisations', { body }));
    this.items = [search, ...this.items];
    return search;
  }

  resume(id: string, trials: number | null): Promise<Optimisation> {
    return ask(api.POST('/api/v1/optimisations/{optimisation_id}/resume', { ...at(id), body: { trials, seconds: null } }));
  }

  async cancel(search: Optimisation): Promise<void> {
    await ask(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: search.job_id } } }));
  }

  async forget(id: string): Promise<void> {
    await ask(api.DELETE('/api/v1/optimisations/{optimisation_id}', at(id)));
    this.items = this.items.filter((row) => row.id !== id);
  }
}

export const searches = new Searches();
