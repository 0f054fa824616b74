// The answer to "why here?": asked of the platform, which makes the run once more, and put into the reader's own clock.
import { api, ApiError, ask } from '$lib/api/transport';
import type { Both, Job } from '$lib/api/types';
import { barStamp, dateToMs, isDaily } from '$lib/format/times';

export type Step = { stage: string; step: Both; code: string; facts: Record<string, unknown>; text: Both };
export type Answer = { instrument: string; row: number; ts: number; traded: boolean; reasons: Step[] };

const POLL_MS = 400;
const DAY_MS = 86_400_000;
const OVER = new Set(['DONE', 'FAILED', 'CANCELLED']);
const MOMENT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g;

/** The moment that a field means: a day means its last bar, a local time the newest bar begun by then. */
export function momentOf(text: string, timeframe: string): number | null {
  if (isDaily(timeframe)) {
    const day = dateToMs(text);
    return day === null ? null : day + DAY_MS - 1;
  }
  const ts = new Date(text).getTime();
  return Number.isNaN(ts) ? null : ts;
}

/** What the field holds for a bar: its day, or its minute in the reader's zone. */
export const fieldOf = (ts: number, timeframe: string): string => barStamp(ts, timeframe).replace(' ', 'T');

/** A sentence with its moments in the reader's zone, as everywhere else on the page. */
export const inOwnTime = (text: string, timeframe: string): string => text.replace(MOMENT, (moment) => barStamp(Date.parse(moment), timeframe));

/** Asks about a bar and follows the job to its end; null when nobody looks any more. */
export async function askWhy(id: string, ts: number, instrument: string, watched: () => boolean): Promise<Answer | null> {
  let job: Job = await ask(api.POST('/api/v1/backtest/results/{backtest_id}/why', { params: { path: { backtest_id: id } }, body: { ts, instrument } }));
  while (watched() && !OVER.has(job.status)) {
    await new Promise((done) => setTimeout(done, POLL_MS));
    job = await ask(api.GET('/api/v1/jobs/{job_id}', { params: { path: { job_id: job.id } } }));
  }
  if (!watched()) return null;
  if (job.status === 'DONE') return job.result as unknown as Answer;
  throw new ApiError(0, String(job.error?.code ?? ''), String(job.error?.message ?? ''));
}
