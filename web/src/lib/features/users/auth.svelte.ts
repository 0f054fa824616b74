// Who is here. Decides between onboarding, login and the platform itself.
import { api, ApiError, ask, refreshToken, setToken, whenSignedOut } from '$lib/api/transport';
import type { AuthState, Focus, Locale, Me, Updown } from '$lib/api/types';
import { prefs } from '$lib/prefs/prefs.svelte';

const REMEMBERED = 'alphaloop.remembered';
export type Stage = 'starting' | 'unreachable' | 'onboarding' | 'login' | 'in';

class Auth {
  stage = $state<Stage>('starting');
  state = $state<AuthState | null>(null);
  me = $state<Me | null>(null);

  constructor() {
    whenSignedOut(() => this.#out());
  }

  async start(): Promise<void> {
    this.stage = 'starting';
    try {
      this.state = await ask(api.GET('/api/v1/auth/state'));
      if (!this.state.onboarded) {
        this.stage = 'onboarding';
        return;
      }
      // The cookie itself is out of a script's sight: a mark beside it spares strangers a refused request.
      if (localStorage.getItem(REMEMBERED) && (await refreshToken())) await this.#enter();
      else this.stage = 'login';
    } catch (cause) {
      this.stage = cause instanceof ApiError && cause.status > 0 && cause.status < 500 ? 'login' : 'unreachable';
    }
  }

  async onboard(choice: { password: string; locale: Locale; updown: Updown; focus: Focus }): Promise<void> {
    const token = await ask(api.POST('/api/v1/auth/onboard', { body: { ...choice, remember: 'cookie' } }));
    setToken(token.access_token);
    await this.#enter();
  }

  async login(password: string, username?: string): Promise<void> {
    const token = await ask(api.POST('/api/v1/auth/login', { body: { password, username: username || null, remember: 'cookie' } }));
    setToken(token.access_token);
    await this.#enter();
  }

  async logout(): Promise<void> {
    try {
      await ask(api.POST('/api/v1/auth/logout', { body: {} }));
    } finally {
      this.#out();
    }
  }

  async #enter(): Promise<void> {
    this.me = await ask(api.GET('/api/v1/auth/me'));
    prefs.adopt(this.me);
    localStorage.setItem(REMEMBERED, '1');
    this.stage = 'in';
  }

  #out(): void {
    setToken(null);
    prefs.forget();
    localStorage.removeItem(REMEMBERED);
    this.me = null;
    if (this.stage === 'in') this.stage = 'login';
  }
}

export const auth = new Auth();
