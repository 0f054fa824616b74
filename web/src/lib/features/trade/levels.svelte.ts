// Which levels and layers the chart shows and by which reading of the rules: each person's choice, kept in this browser.
import { desk } from '$features/desk/desk.svelte';
import { auth } from '$features/users/auth.svelte';
import { periodMs } from '$lib/format/times';

export const LAYERS = ['lines', 'pivots', 'points', 'withdrawn', 'fractals', 'orders', 'fills'] as const;
export type Layer = (typeof LAYERS)[number];
/** Levels that the chart's own bars make; every coarser period, named by its timeframe, is one more. */
export const OWN_LEVELS = ['stroke', 'segment', 'segment2'] as const;
export type OwnLevel = (typeof OWN_LEVELS)[number];

export const CONFIGS = ['CN-STRICT-1', 'old-stroke', 'new-stroke', 'czsc-6', 'czsc-7', 'textbook'] as const;
export const DEFAULT_CONFIG = CONFIGS[0];

/** How share prices are put across their ex-dates, by the platform's own names. */
export const ADJUSTMENT = /^(none|(forward|backward)(-sub)?|forward(-sub)?@\d{4}-\d{2}-\d{2})$/;

export type Choice = { config: string; adjust: string; layers: Record<Layer, boolean>; levels: string[] };

const initial = (): Choice => ({
  config: DEFAULT_CONFIG,
  adjust: 'none',
  layers: { lines: true, pivots: true, points: true, withdrawn: false, fractals: false, orders: true, fills: true },
  levels: ['stroke', 'segment']
});

/** What was kept, without what this page does not know. */
export function readChoice(text: string | null): Choice {
  const choice = initial();
  try {
    const kept = JSON.parse(text ?? '{}') as Partial<Choice>;
    if ((CONFIGS as readonly string[]).includes(kept.config ?? '')) choice.config = kept.config as string;
    if (ADJUSTMENT.test(kept.adjust ?? '')) choice.adjust = kept.adjust as string;
    for (const layer of LAYERS) if (typeof kept.layers?.[layer] === 'boolean') choice.layers[layer] = kept.layers[layer];
    if (Array.isArray(kept.levels)) choice.levels = kept.levels.filter((level) => typeof level === 'string');
  } catch {
    return initial();
  }
  return choice;
}

class Levels {
  /** Whose choice this is: the next person at the same browser has their own. */
  #key = $derived(`alphaloop.chan.${auth.me?.id ?? ''}`);
  #choice = $state<Choice>(initial());
  #read = '';
  /** Coarser periods of the instrument on the desk. */
  coarser = $derived(desk.periods.filter((timeframe) => periodMs(timeframe) > periodMs(desk.timeframe)));

  /** Reads what this person chose before; call it whenever the person may have changed. */
  adopt(): void {
    if (this.#read === this.#key) return;
    this.#read = this.#key;
    this.#choice = readChoice(localStorage.getItem(this.#key));
  }

  get config(): string {
    return this.#choice.config;
  }

  get adjust(): string {
    return this.#choice.adjust;
  }

  useAdjust(adjust: string): void {
    if (ADJUSTMENT.test(adjust)) this.#change({ adjust });
  }

  shows(layer: Layer): boolean {
    return this.#choice.layers[layer];
  }

  has(level: string): boolean {
    return this.#choice.levels.includes(level);
  }

  /** The coarser periods chosen, among those on offer. */
  get higher(): string[] {
    return this.coarser.filter((timeframe) => this.has(timeframe));
  }

  useConfig(config: string): void {
    this.#change({ config });
  }

  toggleLayer(layer: Layer): void {
    this.#change({ layers: { ...this.#choice.layers, [layer]: !this.#choice.layers[layer] } });
  }

  toggleLevel(level: string): void {
    const { levels } = this.#choice;
    this.#change({ levels: this.has(level) ? levels.filter((other) => other !== level) : [...levels, level] });
  }

  #change(part: Partial<Choice>): void {
    this.#choice = { ...this.#choice, ...part };
    localStorage.setItem(this.#key, JSON.stringify(this.#choice));
  }
}

export const levels = new Levels();
