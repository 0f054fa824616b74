// The pages that have a backend today. A door without a room behind it is not built.
import { ChartCandlestick, Cpu, Database, Funnel, History, Wallet } from '@lucide/svelte';

export const doors = [
  { key: 'trade', href: '/', icon: ChartCandlestick },
  { key: 'screener', href: '/screener', icon: Funnel },
  { key: 'sessions', href: '/sessions', icon: Cpu },
  { key: 'account', href: '/account', icon: Wallet },
  { key: 'sources', href: '/sources', icon: Database },
  { key: 'journal', href: '/journal', icon: History }
] as const;

export const isHere = (href: string, path: string): boolean => (href === '/' ? path === '/' : path.startsWith(href));
