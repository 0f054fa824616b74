// From a trade to its place on the chart. The chart begins with its newest bars: older pages are asked for until the
// trade's own is there.
import { goto } from '$app/navigation';
import { desk } from '$features/desk/desk.svelte';
import { view } from '$features/trade/view.svelte';
import { periodMs } from '$lib/format/times';
import type { Trade } from './report';

const PAUSE_MS = 120;
const ROUNDS = 250;
/** So many bars after the entry are shown with it, if the trade lasted that long. */
const AFTER = 60;

export async function showTrade(trade: Trade, timeframe: string): Promise<void> {
  desk.leave();
  desk.open(trade.instrument, timeframe);
  await goto('/');
  const ts = Math.min(trade.exit_ts, trade.entry_ts + AFTER * periodMs(timeframe));
  for (let round = 0; round < ROUNDS && location.pathname === '/' && desk.symbol === trade.instrument; round += 1) {
    await new Promise((done) => setTimeout(done, PAUSE_MS));
    const { board } = view;
    const first = view.feedState === 'ready' ? board?.bars[0]?.timestamp : undefined;
    if (!board || first === undefined) continue;
    if (first <= trade.entry_ts) return board.goto(ts);
    board.goto(first);
  }
}
