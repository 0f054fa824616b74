// Data sources and the jobs that sync them.
import { del, get, post, put } from '$lib/api/transport';
import type { Job, Page, Source, SourceTest, SourceType } from '$lib/api/types';
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
      const [items, types] = await Promise.all([get<Page<Source>>('/data-sources'), get<Page<SourceType> | SourceType[]>('/data-sources/types')]);
      this.items = items.items;
      this.types = Array.isArray(types) ? types : types.items;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.loaded = true;
    }
  }

  async save(id: string | null, body: { name: string; type: string; config: Record<string, unknown> }): Promise<void> {
    if (id) await put<Source>(`/data-sources/${id}`, { name: body.name, config: body.config });
    else await post<Source>('/data-sources', body);
    await this.load();
  }

  async remove(source: Source): Promise<void> {
    await del<void>(`/data-sources/${source.id}`);
    await this.load();
  }

  test(source: Source): Promise<SourceTest> {
    return post<SourceTest>(`/data-sources/${source.id}/test`);
  }

  async use(source: Source, on: boolean): Promise<void> {
    await post<Source>(`/data-sources/${source.id}/use`, { on });
    await this.load();
  }

  /** Starts a sync and follows its job to the end; the last state of the job is returned. */
  async sync(source: Source): Promise<Job> {
    let job = await post<Job>(`/data-sources/${source.id}/sync`);
    this.jobs[source.id] = job;
    try {
      while (!OVER.has(job.status)) {
        await new Promise((done) => setTimeout(done, POLL_MS));
        job = await get<Job>(`/jobs/${job.id}`);
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
    if (job) await post<Job>(`/jobs/${job.id}/cancel`);
  }
}

export const sources = new Sources();
