// Points that were shown once and are no longer: read from the life-cycle log, so that a chart can strike them through.
import type { ChanEvent, ChanPoint, Structure } from '$lib/api/types';

const keyOf = (level: number, ts: number, kind: string): string => `${level}|${ts}|${kind}`;

/** One row a place and kind; what stands there now is left out. A ghost has no price of its own: its bar says it. */
export function ghostsOf(events: readonly ChanEvent[], now: Structure | null): ChanPoint[] {
  const standing = new Set([
    ...(now?.points ?? []).map((row) => keyOf(0, row.ts, row.kind)),
    ...(now?.segment_points ?? []).map((row) => keyOf(1, row.ts, row.kind))
  ]);
  const ghosts = new Map<string, ChanPoint>();
  for (const event of events) {
    const ts = event.action === 'withdrawn' ? event.end_ts : event.action === 'moved' ? event.was_ts : null;
    if (event.layer !== 'point' || ts === null || !event.kind) continue;
    const key = keyOf(event.level, ts, event.kind);
    if (!standing.has(key)) ghosts.set(key, ghost(ts, event.kind, event.n));
  }
  return [...ghosts.values()];
}

function ghost(ts: number, kind: string, n: number): ChanPoint {
  const life = { sure: true, final: false, known_ts: ts, confirmed_ts: null };
  return { n, ts, price: '', kind, side: kind.startsWith('B') ? 'buy' : 'sell', line: -1, pivot: null, of_line: null, ratio: null, ...life };
}
