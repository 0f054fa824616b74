// How the page looks and speaks: kept on the root element, in this browser and in the user's profile.
import { api, ask } from '$lib/api/transport';
import type { Density, Focus, Locale, Me, PointLabels, Theme, Updown } from '$lib/api/types';
import { i18n } from '$lib/i18n/index.svelte';

const KEY = 'alphaloop.prefs';
export type BarLabel = 'open' | 'close';
/** What belongs to this browser alone: the profile has no room for it. */
type Here = { followMarket: boolean; barLabel: BarLabel };
type Look = { locale: Locale; theme: Theme; updown: Updown; density: Density; point_labels: PointLabels; focus: Focus };

function initial(): Look {
  const root = typeof document === 'undefined' ? null : document.documentElement;
  return {
    locale: root?.lang === 'en' ? 'en' : 'zh-CN',
    theme: root?.dataset.theme === 'light' ? 'light' : 'dark',
    updown: (root?.dataset.updown as Updown) ?? 'red-up',
    density: root?.dataset.density === 'touch' ? 'comfortable' : 'compact',
    point_labels: 'B1',
    focus: 'chart'
  };
}

function here(): Here {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Here>;
    return { followMarket: saved.followMarket === true, barLabel: saved.barLabel === 'close' ? 'close' : 'open' };
  } catch {
    return { followMarket: false, barLabel: 'open' };
  }
}

class Prefs {
  look = $state<Look>(initial());
  here = $state<Here>(here());
  /** Which way the market of the account at hand paints a rise, if it says so. */
  #market = $state<Updown | null>(null);
  /** Grows with every change of colours, so that canvases know when to repaint. */
  paint = $state(0);
  #signedIn = false;

  /** The colours as shown: the reader's own, or the market's where they follow it. Friendly colours are never taken away. */
  get updown(): Updown {
    const own = this.look.updown;
    return own === 'cb' || !this.here.followMarket ? own : (this.#market ?? own);
  }

  /** The account at hand says how its market paints a rise: `red_up`, `green_up`, or nothing. */
  meet(colours: string | null): void {
    const next = colours === 'red_up' ? 'red-up' : colours === 'green_up' ? 'green-up' : null;
    if (next === this.#market) return;
    this.#market = next;
    if (this.here.followMarket) this.#apply({});
  }

  keep(part: Partial<Here>): void {
    this.here = { ...this.here, ...part };
    this.#apply({});
  }

  adopt(me: Me): void {
    this.#signedIn = true;
    const profile = me.profile;
    this.#apply({
      locale: profile.locale ?? this.look.locale,
      theme: profile.theme ?? this.look.theme,
      updown: profile.updown ?? this.look.updown,
      density: profile.density ?? this.look.density,
      point_labels: profile.point_labels ?? this.look.point_labels,
      focus: profile.focus ?? this.look.focus
    });
  }

  forget(): void {
    this.#signedIn = false;
  }

  /** Changes at once here; the profile follows in the background and a failure is returned to the caller. */
  async change(part: Partial<Look>): Promise<void> {
    this.#apply(part);
    if (this.#signedIn) await ask(api.PUT('/api/v1/auth/profile', { body: part }));
  }

  #apply(part: Partial<Look>): void {
    this.look = { ...this.look, ...part };
    const root = document.documentElement;
    root.lang = this.look.locale;
    root.dataset.theme = this.look.theme;
    root.dataset.updown = this.updown;
    root.dataset.density = this.look.density === 'comfortable' ? 'touch' : 'compact';
    i18n.locale = this.look.locale;
    localStorage.setItem(KEY, JSON.stringify({ ...this.look, ...this.here, shown: this.updown }));
    this.paint += 1;
  }
}

export const prefs = new Prefs();
