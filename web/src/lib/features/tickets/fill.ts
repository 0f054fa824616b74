// What a person says came of a ticket, before it is sent: the platform checks it again and has the last word.
import type { NewTicketFill } from '$lib/api/types';
import { compare, decimal, minus } from '$lib/format/decimals';

export type FillDraft = { quantity: string; price: string; fee: string; time: string; tradeId: string };
export type FillProblem = 'needNumber' | 'mostLeft' | 'needFee' | 'needTime' | 'future' | 'badTradeId';
export type FillProblems = Partial<Record<keyof FillDraft, FillProblem>>;

/** Brokers' clocks and ours differ by so much at most. */
const CLOCKS_MS = 60_000;
const TRADE_ID = /^[A-Za-z0-9_.:-]{0,64}$/;

/** "2026-11-20T16:00:05" in this browser's zone, as a date field wants it. */
export function localTime(ts: number): string {
  const shifted = new Date(ts - new Date(ts).getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

/** The whole rest at the ticket's own price, now. */
export function draftFor(ticket: { quantity: string; filled: string; price: string | null }, now: number): FillDraft {
  return { quantity: minus(ticket.quantity, ticket.filled), price: ticket.price ?? '', fee: '', time: localTime(now), tradeId: '' };
}

export function checkFill(draft: FillDraft, left: string, now: number): { said: NewTicketFill | null; problems: FillProblems } {
  const problems: FillProblems = {};
  const quantity = decimal(draft.quantity);
  const price = decimal(draft.price);
  const fee = decimal(draft.fee.trim() || '0');
  const ts = new Date(draft.time).getTime();
  if (quantity === null || compare(quantity, '0') <= 0) problems.quantity = 'needNumber';
  else if (compare(quantity, left) > 0) problems.quantity = 'mostLeft';
  if (price === null || compare(price, '0') <= 0) problems.price = 'needNumber';
  if (fee === null || compare(fee, '0') < 0) problems.fee = 'needFee';
  if (Number.isNaN(ts)) problems.time = 'needTime';
  else if (ts > now + CLOCKS_MS) problems.time = 'future';
  if (!TRADE_ID.test(draft.tradeId.trim())) problems.tradeId = 'badTradeId';
  if (Object.keys(problems).length || quantity === null || price === null || fee === null) return { said: null, problems };
  return { said: { quantity, price, fee, ts, trade_id: draft.tradeId.trim() }, problems };
}

/** What stays open once this much more is booked; null while the text is no number or too much. */
export function leftAfter(quantity: string, left: string): string | null {
  const number = decimal(quantity);
  if (number === null || compare(number, '0') <= 0 || compare(number, left) > 0) return null;
  return minus(left, number);
}
