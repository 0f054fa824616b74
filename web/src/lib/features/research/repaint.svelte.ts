// How far the points of a series can be trusted: the newest measurement, read once per series and configuration.
import { api, ask } from '$lib/api/transport';
import type { Job, Repaint, RepaintRow, Timeframe } from '$lib/api/types';

export type Measured = { instrument: string; timeframe: Timeframe; config: string };

const POLL_MS = 500;
const OVER = new Set(['DONE', 'FAILED', 'CANCELLED']);

/** The row of one level, kind ("all": any) and stage. */
export function rowOf(repaint: Repaint | null, level: number, kind: string, stage: RepaintRow['stage']): RepaintRow | null {
  return repaint?.rows.find((row) => row.level === level && row.kind === kind && row.stage === stage) ?? null;
}

/** How many points were taken back before their line was fixed: of those taken back, the ones that had not got so far. */
export function vanishedBefore(repaint: Repaint | null, level: number, kind: string): number {
  const withdrawn = (stage: RepaintRow['stage']) => rowOf(repaint, level, kind, stage)?.withdrawn ?? 0;
  return withdrawn('shown') - withdrawn('settled');
}

class RepaintMeter {
  found = $state.raw<Repaint | null>(null);
  cause = $state<unknown>(null);
  job = $state.raw<Job | null>(null);
  #of: Measured | null = null;
  #turn = 0;

  /** Reads the measurement of a series; a second call for the same one does nothing. */
  async show(of: Measured): Promise<void> {
    if (JSON.stringify(of) === JSON.stringify(this.#of)) return;
    this.#of = of;
    this.found = null;
    this.job = null;
    await this.#read(++this.#turn);
  }

  async #read(turn: number): Promise<void> {
    if (!this.#of) return;
    try {
      const found = await ask(api.GET('/api/v1/chan/repaint', { params: { query: this.#of } }));
      if (turn === this.#turn) [this.found, this.cause] = [found, null];
    } catch (cause) {
      if (turn === this.#turn) this.cause = cause;
    }
  }

  /** Measures the series shown and follows the job to its end. */
  async measure(): Promise<void> {
    if (!this.#of) return;
    const turn = ++this.#turn;
    try {
      let job: Job = await ask(api.POST('/api/v1/chan/repaint', { body: this.#of }));
      while (turn === this.#turn && !OVER.has(job.status)) {
        this.job = job;
        await new Promise((done) => setTimeout(done, POLL_MS));
        job = await ask(api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: job.id } } }));
      }
      if (turn !== this.#turn) return;
      this.job = job.status === 'DONE' ? null : job;
      await this.#read(turn);
    } catch (cause) {
      if (turn === this.#turn) [this.cause, this.job] = [cause, null];
    }
  }
}

export const repaint = new RepaintMeter();
