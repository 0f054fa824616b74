// The screener: the sentence being built, the run that answers it, and the screens kept under names.
import { api, ask } from '$lib/api/transport';
import type { SavedScreen, ScreenMatch, ScreenRun } from '$lib/api/types';
import { clausesOf, faultOf, newClause, queryOf, type Clause, type ClauseKind } from './query';

const POLL_MS = 400;
const OVER = new Set(['DONE', 'FAILED', 'CANCELLED']);

class Screens {
  clauses = $state<Clause[]>([newClause('point', '1d')]);
  config = $state('CN-STRICT-1');
  run = $state.raw<ScreenRun | null>(null);
  cause = $state<unknown>(null);
  saved = $state.raw<SavedScreen[]>([]);
  savedCause = $state<unknown>(null);
  chosen = $state<string | null>(null);
  running = $derived(this.run !== null && !OVER.has(this.run.status));
  matches = $derived<ScreenMatch[]>(this.run?.status === 'DONE' ? this.run.matches : []);
  match = $derived(this.matches.find((row) => row.instrument === this.chosen) ?? null);
  ready = $derived(this.clauses.length > 0 && this.clauses.every((clause) => faultOf(clause) === null));
  #turn = 0;

  add(kind: ClauseKind): void {
    this.clauses.push(newClause(kind, this.clauses.at(-1)?.timeframe ?? '1d'));
  }

  remove(place: number): void {
    this.clauses.splice(place, 1);
  }

  async start(): Promise<void> {
    await this.#follow(() => ask(api.POST('/api/v1/chan/screens', { body: { query: queryOf(this.clauses, this.config), instruments: [] } })));
  }

  async stop(): Promise<void> {
    if (this.run) await ask(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: this.run.id } } }));
  }

  async #follow(begin: () => Promise<ScreenRun>): Promise<void> {
    const turn = ++this.#turn;
    this.cause = null;
    this.chosen = null;
    try {
      this.run = await begin();
      while (turn === this.#turn && this.running) {
        await new Promise((done) => setTimeout(done, POLL_MS));
        const run: ScreenRun = await ask(api.GET('/api/v1/chan/screens/{job_id}', { params: { path: { job_id: this.run.id } } }));
        if (turn !== this.#turn) return;
        this.run = run;
      }
      this.chosen = this.matches[0]?.instrument ?? null;
    } catch (cause) {
      if (turn === this.#turn) [this.run, this.cause] = [null, cause];
    }
  }

  /** Moves to the next or previous match. */
  step(by: number): void {
    const at = this.matches.findIndex((row) => row.instrument === this.chosen);
    this.chosen = this.matches[Math.max(0, Math.min(this.matches.length - 1, at + by))]?.instrument ?? null;
  }

  async loadSaved(): Promise<void> {
    try {
      this.saved = await ask(api.GET('/api/v1/chan/screens/saved'));
      this.savedCause = null;
    } catch (cause) {
      this.savedCause = cause;
    }
  }

  async save(name: string, alert: boolean): Promise<void> {
    await ask(api.POST('/api/v1/chan/screens/saved', { body: { name, alert, query: queryOf(this.clauses, this.config) } }));
    await this.loadSaved();
  }

  async setAlert(screen: SavedScreen, alert: boolean): Promise<void> {
    const { id, name, query } = screen;
    await ask(api.PUT('/api/v1/chan/screens/saved/{screen_id}', { params: { path: { screen_id: id } }, body: { name, query, alert } }));
    await this.loadSaved();
  }

  async forget(screen: SavedScreen): Promise<void> {
    await ask(api.DELETE('/api/v1/chan/screens/saved/{screen_id}', { params: { path: { screen_id: screen.id } } }));
    await this.loadSaved();
  }

  /** Puts a kept screen into the sentence and runs it; what it finds is noted with it. */
  async open(screen: SavedScreen): Promise<void> {
    this.clauses = clausesOf(screen.query);
    this.config = screen.query.config ?? this.config;
    await this.#follow(() => ask(api.POST('/api/v1/chan/screens/saved/{screen_id}/run', { params: { path: { screen_id: screen.id } } })));
    await this.loadSaved();
  }
}

export const screens = new Screens();
