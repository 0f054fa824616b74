// The words of the page. Chinese is the type, English must match it: a missing text is a type error.
import type { Both, Locale } from '$lib/api/types';
import { ApiError } from '$lib/api/transport';
import * as shell from './words/shell';
import * as welcome from './words/welcome';
import * as chan from './words/chan';
import * as trade from './words/trade';
import * as explain from './words/explain';
import * as screener from './words/screener';
import * as risk from './words/risk';
import * as pages from './words/pages';
import * as tickets from './words/tickets';
import * as backtests from './words/backtests';
import * as factors from './words/factors';
import * as optimise from './words/optimise';
import * as honesty from './words/honesty';
import * as signals from './words/signals';
import * as strategies from './words/strategies';
import * as why from './words/why';
import * as errors from './words/errors';

export const zh = {
  shell: shell.zh,
  welcome: welcome.zh,
  chan: chan.zh,
  trade: trade.zh,
  screener: screener.zh,
  explain: explain.zh,
  risk: risk.zh,
  tickets: tickets.zh,
  backtests: backtests.zh,
  factors: factors.zh,
  honesty: honesty.zh,
  optimise: optimise.zh,
  strategies: strategies.zh,
  signals: signals.zh,
  why: why.zh,
  ...pages.zh,
  errors: errors.zh
};
export type Words = typeof zh;
export const en: Words = {
  shell: shell.en,
  welcome: welcome.en,
  chan: chan.en,
  trade: trade.en,
  screener: screener.en,
  explain: explain.en,
  risk: risk.en,
  tickets: tickets.en,
  backtests: backtests.en,
  factors: factors.en,
  honesty: honesty.en,
  optimise: optimise.en,
  strategies: strategies.en,
  signals: signals.en,
  why: why.en,
  ...pages.en,
  errors: errors.en
};

class I18n {
  locale = $state<Locale>(
    typeof document !== 'undefined' && document.documentElement.lang === 'en' ? 'en' : 'zh-CN'
  );

  get chinese(): boolean {
    return this.locale === 'zh-CN';
  }

  get t(): Words {
    return this.locale === 'zh-CN' ? zh : en;
  }

  /** The half of a bilingual label that the reader reads; labels may also arrive as plain text. */
  pick(label: Both | string | null | undefined, fallback = ''): string {
    if (!label) return fallback;
    if (typeof label === 'string') return label;
    return (this.chinese ? label.zh : label.en) || label.zh || label.en || fallback;
  }

  /** Our own text for a known code, else what the platform said. */
  error(cause: unknown): string {
    if (cause instanceof ApiError) {
      const { code, detail } = cause;
      // These only say that something is wrong; what it is stands beside the field.
      const told = code === 'invalid' || code === 'order_invalid' ? detail.map((field) => this.t.errors[field.code]).find(Boolean) : null;
      return told ?? this.code(code, cause.message);
    }
    return cause instanceof Error ? cause.message : String(cause);
  }

  code(code: string | null | undefined, message: string | null | undefined = ''): string {
    return (code && this.t.errors[code]) || message || code || '';
  }
}

export const i18n = new I18n();
