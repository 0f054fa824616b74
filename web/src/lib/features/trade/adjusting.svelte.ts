// How the share on the desk is adjusted on the chart, and its ex-dates.
import { api, ask } from '$lib/api/transport';
import type { CorporateAction } from '$lib/api/types';
import { desk } from '$features/desk/desk.svelte';
import { endsAtTraded } from './exdates';
import { levels } from './levels.svelte';

const SHARES = new Set(['EQUITY', 'ETF']);

class Adjusting {
  actions = $state.raw<CorporateAction[]>([]);
  /** Which of its two doors stands open. It outlives the legend, which goes and comes with every change of the bars. */
  open = $state<'legend' | 'tools' | null>(null);
  #read: string | null = null;
  /** Only shares and funds have ex-dates. */
  applies = $derived(SHARES.has(desk.instrument?.asset_class ?? ''));
  /** What the stored prices are: only those as traded, or with splits put in, can be adjusted. */
  held = $derived(desk.instrument?.series.find((row) => row.timeframe === desk.timeframe)?.adjustment ?? 'UNKNOWN');
  possible = $derived(this.applies && (this.held === 'RAW' || this.held === 'SPLIT'));
  /** The adjustment in force, by the platform's name. */
  key = $derived(this.possible ? levels.adjust : 'none');
  /** Prices at the right edge are those that trade: order lines and tickets fit. */
  traded = $derived(endsAtTraded(this.key));

  async read(): Promise<void> {
    const symbol = this.applies ? (desk.instrument?.symbol ?? null) : null;
    if (symbol === this.#read) return;
    this.#read = symbol;
    this.actions = [];
    if (!symbol) return;
    try {
      const actions = await ask(api.GET('/api/v1/market/actions', { params: { query: { instrument: symbol } } }));
      if (symbol === this.#read) this.actions = actions;
    } catch {
      // Marks of ex-dates are an extra; the next look at this share asks again.
      if (symbol === this.#read) this.#read = null;
    }
  }
}

export const adjusting = new Adjusting();
