// A schedule's form: what it begins with, what stands in its way, and the body that the platform takes.
import type { NewSchedule, Schedule, Timeframe } from '$lib/api/types';
import { parseCron } from './cron';
import type { Target } from './target';

export type Timing = { kind: 'close' | 'cron'; cron: string; zone: string; calendar: string; minutes: string };
export type TimingProblem = 'cron' | 'minutes' | 'calendar';

const MOST_MINUTES = 1440;

export const timingOf = (schedule: Schedule | null, zone: string, calendar: string): Timing => ({
  kind: schedule?.cron ? 'cron' : 'close',
  cron: schedule?.cron ?? '30 9 * * *',
  zone: schedule?.zone ?? zone,
  calendar: schedule ? (schedule.calendar ?? '') : calendar,
  minutes: String(schedule?.after_close_min ?? 5)
});

export function problemsOf(timing: Timing): Partial<Record<TimingProblem, true>> {
  if (timing.kind === 'cron') return parseCron(timing.cron) ? {} : { cron: true };
  const minutes = timing.minutes.trim();
  const fits = /^\d{1,4}$/.test(minutes) && Number(minutes) <= MOST_MINUTES;
  return { ...(timing.calendar ? {} : { calendar: true }), ...(fits ? {} : { minutes: true }) };
}

export function bodyOf(target: Target, timing: Timing): NewSchedule {
  const what = { account_id: target.account, instruments: target.instruments, timeframe: target.timeframe as Timeframe };
  if (timing.kind === 'close') return { ...what, calendar: timing.calendar, after_close_min: Number(timing.minutes) };
  return { ...what, cron: timing.cron.trim().replace(/\s+/g, ' '), zone: timing.zone, calendar: timing.calendar || null };
}
