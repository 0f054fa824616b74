// Everything that must say yes before a signal trades without asking, in the order in which the platform asks (C-38).
import type { Account, Strategy } from '$lib/api/types';

export const SWITCHES = ['server_ceiling', 'account_mode', 'user_consent', 'strategy', 'signal', 'risk'] as const;
export type SwitchName = (typeof SWITCHES)[number];
/** `later`: it is decided when a signal is there. */
export type Says = 'yes' | 'no' | 'later';
export type SwitchState = { name: SwitchName; says: Says };

const said = (on: boolean): Says => (on ? 'yes' : 'no');

export function switchesOf(account: Account, consent: boolean, strategy: Strategy): SwitchState[] {
  const says: Record<SwitchName, Says> = {
    server_ceiling: account.trading_mode === 'LIVE' ? 'later' : 'yes',
    account_mode: said(account.status === 'ACTIVE' && account.trading_mode !== 'DRY_RUN'),
    user_consent: said(consent),
    strategy: said(strategy.enabled && strategy.auto_execute),
    signal: strategy.schedule?.target.account_id === account.id ? 'yes' : 'later',
    risk: 'later'
  };
  return SWITCHES.map((name) => ({ name, says: says[name] }));
}

/** The first that says no. */
export const refusing = (states: SwitchState[]): SwitchName | null => states.find((one) => one.says === 'no')?.name ?? null;
