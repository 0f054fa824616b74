// Data sources and the jobs that sync them.
import { api, ask } from '$lib/api/transport';
import type { Job, Source, SourceTest, SourceType } from '$lib/api/types';
import { market } from '$features/market/market.svelte';

const POLL_MS = 700;
const OVER = new Set(['DONE', 'FAILED', 'CANCELLED']);

class Sources {
  items = $state.raw<Source[]>([]);
  types = $state.raw<SourceType[]>([]);
  jobs = $state<Record<string, Job>>({});
  loaded = $state(false);
  cause = $state<unknown>(null);

  async load(): Promise<void> {
    try {
      const [items, types] = await Promise.all([ask(api.GET('/api/v1/data-sources', { params: { query: { limit: 200 } } })), ask(api.GET('/api/v1/data-sources/types'))]);
      this.items = items.items;
      this.types = types;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.loaded = true;
    }
  }

  async save(id: string | null, body: { name: string; type: string; config: Record<string, unknown> }): Promise<void> {
    if (id) await ask(api.PUT('/api/v1/data-sources/{source_id}', { params: { path: { source_id: id } }, body: { name: body.name, config: body.config } }));
    else await ask(api.POST('/api/v1/data-sources', { body }));
    await this.load();
  }

  async remove(source: Source): Promise<void> {
    await ask(api.DELETE('/api/v1/data-sources/{source_id}', { params: { path: { source_id: source.id } } }));
    await this.load();
  }

  test(source: Source): Promise<SourceTest> {
    return ask(api.POST('/api/v1/data-sources/{source_id}/test', { params: { path: { source_id: source.id } } }));
  }

  async use(source: Source, on: boolean): Promise<void> {
    await ask(api.POST('/api/v1/data-sources/{source_id}/use', { params: { path: { source_id: source.id } }, body: { on } }));
    await this.load();
  }

  /** Starts a sync and follows its job to the end; the last state of the job is returned. */
  async sync(source: Source): Promise<Job> {
    let job: Job = await ask(api.POST('/api/v1/data-sources/{source_id}/sync', { params: { path: { source_id: source.id } } }));
    this.jobs[source.id] = job;
    try {
      while (!OVER.has(job.status)) {
        await new Promise((done) => setTimeout(done, POLL_MS));
        job = await ask(api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: job.id } } }));
        this.jobs[source.id] = job;
      }
    } finally {
      delete this.jobs[source.id];
      await Promise.all([this.load(), market.load()]);
    }
    return job;
  }

  async cancel(source: Source): Promise<void> {
    const job = this.jobs[source.id];
    if (job) await ask(api.POST('/api/v1/jobs/{job_id}/cancel', { params: { path: { job_id: job.id } } }));
  }
}

export const sources = new Sources();
