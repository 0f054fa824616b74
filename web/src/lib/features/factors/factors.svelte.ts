// The factors there are, this person's reports on them, and the one that is being read.
import { api, ask } from '$lib/api/transport';
import type { Factor, NewFactorReport } from '$lib/api/types';
import type { Report } from './report';

const POLL_MS = 700;

class Factors {
  items = $state.raw<Factor[]>([]);
  reports = $state.raw<Report[]>([]);
  shown = $state.raw<Report | null>(null);
  loaded = $state(false);
  cause = $state<unknown>(null);
  #turn = 0;

  async load(): Promise<void> {
    try {
      const [all, mine] = await Promise.all([ask(api.GET('/api/v1/research/factors')), ask(api.GET('/api/v1/research/factors/reports'))]);
      this.items = all.items;
      this.reports = mine.items as unknown as Report[];
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.loaded = true;
    }
  }

  find(key: string): Factor | null {
    return this.items.find((item) => item.key === key) ?? null;
  }

  async start(body: NewFactorReport): Promise<void> {
    const report = (await ask(api.POST('/api/v1/research/factors/report', { body }))) as unknown as Report;
    this.reports = [report, ...this.reports];
    await this.show(report.id);
  }

  /** Reads a report until it is done, or another one is asked for. */
  async show(id: string): Promise<void> {
    const mine = ++this.#turn;
    try {
      for (;;) {
        const found = (await ask(api.GET('/api/v1/research/factors/reports/{report_id}', { params: { path: { report_id: id } } }))) as unknown as Report;
        if (mine !== this.#turn) return;
        this.shown = found;
        this.reports = this.reports.map((row) => (row.id === id ? { ...found, report: null } : row));
        if (found.status !== 'QUEUED' && found.status !== 'RUNNING') return;
        await new Promise((done) => setTimeout(done, POLL_MS));
        if (mine !== this.#turn) return;
      }
    } catch (cause) {
      if (mine === this.#turn) this.cause = cause;
    }
  }

  async cancel(id: string): Promise<void> {
    await ask(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: id } } }));
  }

  leave(): void {
    this.#turn += 1;
  }
}

export const factors = new Factors();
