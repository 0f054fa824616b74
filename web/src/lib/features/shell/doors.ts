// The pages that have a backend today. A door without a room behind it is not built.
import { ChartCandlestick, ClipboardList, Cpu, Database, FlaskConical, Funnel, History, Wallet } from '@lucide/svelte';

export const doors = [
  { key: 'trade', href: '/', icon: ChartCandlestick },
  { key: 'screener', href: '/screener', icon: Funnel },
  { key: 'strategies', href: '/strategies', icon: FlaskConical },
  { key: 'sessions', href: '/sessions', icon: Cpu },
  { key: 'tickets', href: '/tickets', icon: ClipboardList },
  { key: 'account', href: '/account', icon: Wallet },
  { key: 'sources', href: '/sources', icon: Database },
  { key: 'journal', href: '/journal', icon: History }
] as const;

/** Tickets have their door once somebody trades by hand; until then the account page and the command box lead there. */
export const doorsFor = (byHand: boolean) => doors.filter((door) => byHand || door.key !== 'tickets');

// Backtests, searches, passports and factors are reached through their strategies.
const SIDES = ['/signals', '/backtests', '/optimise', '/passport', '/factors'];
const behind = (path: string): string => (SIDES.some((side) => path.startsWith(side)) ? '/strategies' : path);

export const isHere = (href: string, path: string): boolean => (href === '/' ? path === '/' : behind(path).startsWith(href));
