// What the trader looks at: symbol, period, replay and account. Remembered in this browser.
import { api, ask } from '$lib/api/transport';
import type { Account, ClosedBar, NewAccount, Replay, Timeframe, TradingSession } from '$lib/api/types';
import { book } from '$features/accounts/book.svelte';
import { market, PERIODS } from '$features/market/market.svelte';
import { stream } from '$lib/stream/stream.svelte';

const KEY = 'alphaloop.desk';
const UPDATE_MS = 100;
const FIRST_ROUNDS = 30;
const FIRST_PAUSE_MS = 1500;
type Saved = { symbol?: string; timeframe?: string; replay?: string | null; account?: string | null };

function saved(): Saved {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Saved;
  } catch {
    localStorage.removeItem(KEY);
    return {};
  }
}

class Desk {
  symbol = $state<string | null>(null);
  timeframe = $state('30m');
  replay = $state.raw<Replay | null>(null);
  accounts = $state.raw<Account[]>([]);
  replays = $state.raw<Replay[]>([]);
  sessions = $state.raw<TradingSession[]>([]);
  ready = $state(false);
  cause = $state<unknown>(null);
  /** Nothing is stored yet, but the platform may still be bringing in its first bars. */
  waiting = $state(false);
  instrument = $derived(market.find(this.symbol));
  periods = $derived(this.#periods());
  /** Somebody here carries orders to a broker. */
  byHand = $derived(this.accounts.some((row) => row.venue === 'manual'));
  /** The chart shows the very series that the replay plays: bars arrive live. */
  following = $derived(this.replay !== null && this.replay.instrument === this.instrument?.symbol && this.replay.timeframe === this.timeframe);
  running = $derived(this.sessions.filter((row) => row.status === 'RUNNING' && row.account_id === book.account?.id));
  #heard: (() => void)[] = [];
  #latest: ClosedBar | null = null;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #unsubscribe: () => void = () => undefined;

  #periods(): string[] {
    const stored = new Set(this.instrument?.series.map((row) => row.timeframe) ?? []);
    return [...PERIODS.filter((period) => stored.has(period)), ...[...stored].filter((period) => !PERIODS.includes(period))];
  }

  async start(): Promise<void> {
    book.listen();
    this.#heard = [
      stream.on('replay_update', (_event, data) => this.#replayed(data as Replay)),
      stream.on('session_update', (_event, data) => this.#session(data as TradingSession)),
      stream.onFresh(() => void this.#reread()),
      stream.on('bar', (_event, data) => this.#closed(data as ClosedBar))
    ];
    await Promise.all([market.load(), this.#reread()]);
    this.#choose();
    this.ready = true;
    stream.start();
    if (!this.symbol) await this.#firstBars();
  }

  stop(): void {
    for (const stop of this.#heard) stop();
    this.#heard = [];
    book.deafen();
    stream.stop();
    this.ready = false;
    this.#listenTo(null);
    void book.show(null);
  }

  async #reread(): Promise<void> {
    try {
      const [accounts, replays, sessions] = await Promise.all([
        ask(api.GET('/api/v1/accounts')),
        ask(api.GET('/api/v1/replays')),
        ask(api.GET('/api/v1/sessions'))
      ]);
      this.accounts = accounts.items;
      this.replays = replays.items;
      this.sessions = sessions.items;
      const now = this.replay && this.replays.find((row) => row.id === this.replay?.id);
      if (now) this.replay = now;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    }
  }

  /** After a fresh install the first sync takes seconds: look again until something is there. */
  async #firstBars(): Promise<void> {
    this.waiting = true;
    for (let round = 0; round < FIRST_ROUNDS && this.ready && !this.symbol; round += 1) {
      await new Promise((done) => setTimeout(done, FIRST_PAUSE_MS));
      await market.load();
      if (market.instruments.some((item) => item.series.length > 0)) this.#choose();
    }
    this.waiting = false;
    if (this.symbol) await market.refreshWatch(null);
  }

  #choose(): void {
    const before = saved();
    const query = new URLSearchParams(location.search);
    const named = query.get('replay') ?? (query.has('symbol') ? null : before.replay);
    // A browser that remembers nothing joins what is playing already.
    const fresh = named === undefined && !query.has('symbol');
    const replay = fresh ? this.#newest() : this.replays.find((row) => row.id === named);
    const wanted = market.find(query.get('symbol') ?? before.symbol ?? replay?.instrument ?? null);
    const first =
      market.instruments.find((item) => item.alias === 'BTCUSDT' && item.series.length > 0) ??
      market.instruments.find((item) => item.series.length > 0) ??
      market.instruments[0] ??
      null;
    const chosen = wanted ?? first;
    this.symbol = chosen?.symbol ?? null;
    this.timeframe = this.#fitting(query.get('tf') ?? before.timeframe ?? replay?.timeframe ?? '30m');
    if (replay) this.#enter(replay);
    else this.#useAccount(before.account ?? null);
  }

  #newest(): Replay | undefined {
    const order = { PLAYING: 2, PAUSED: 1 } as Record<string, number>;
    const going = this.replays.filter((row) => order[row.status]);
    return going.sort((a, b) => (order[b.status] ?? 0) - (order[a.status] ?? 0) || Number(b.id) - Number(a.id))[0];
  }

  #fitting(timeframe: string): string {
    const have = this.periods;
    if (have.length === 0 || have.includes(timeframe)) return timeframe;
    return have.includes('30m') ? '30m' : (have.at(-1) ?? timeframe);
  }

  #save(): void {
    const state: Saved = { symbol: this.symbol ?? undefined, timeframe: this.timeframe, replay: this.replay?.id ?? null, account: book.account?.id ?? null };
    localStorage.setItem(KEY, JSON.stringify(state));
  }

  open(symbol: string, timeframe?: string): void {
    this.symbol = market.find(symbol)?.symbol ?? symbol;
    this.timeframe = this.#fitting(timeframe ?? this.timeframe);
    this.#save();
  }

  setTimeframe(timeframe: string): void {
    this.timeframe = timeframe;
    this.#save();
  }

  #useAccount(id: string | null): void {
    const account = this.accounts.find((row) => row.id === id) ?? this.accounts.find((row) => row.clock === 'system') ?? null;
    void book.show(account);
  }

  /** Looks at another account; one that lives in a replay brings its replay along. */
  useAccount(id: string): void {
    const replay = this.replays.find((row) => row.account_id === id);
    if (replay) this.enter(replay);
    else {
      this.#listenTo(null);
      this.#useAccount(id);
      this.#save();
    }
  }

  #enter(replay: Replay): void {
    this.#listenTo(replay);
    this.#useAccount(replay.account_id);
  }

  enter(replay: Replay): void {
    this.symbol = replay.instrument;
    this.timeframe = replay.timeframe;
    this.#enter(replay);
    this.#save();
  }

  leave(): void {
    this.#listenTo(null);
    this.#useAccount(null);
    this.#save();
  }

  async begin(request: { instrument: string; timeframe: string; start_ts: number | null; speed: number; cash: string }): Promise<Replay> {
    const body = { ...request, timeframe: request.timeframe as Timeframe };
    const replay = await ask(api.POST('/api/v1/replays', { body }));
    await this.#reread();
    this.enter(replay);
    return replay;
  }

  async control(verb: 'play' | 'pause' | 'step'): Promise<void> {
    if (!this.replay) return;
    const params = { path: { replay_id: this.replay.id } };
    const reply =
      verb === 'play'
        ? api.POST('/api/v1/replays/{replay_id}/play', { params })
        : verb === 'pause'
          ? api.POST('/api/v1/replays/{replay_id}/pause', { params })
          : api.POST('/api/v1/replays/{replay_id}/step', { params, body: { bars: 1 } });
    this.#replayed(await ask(reply));
  }

  async setSpeed(speed: number): Promise<void> {
    if (!this.replay) return;
    this.#replayed(await ask(api.PUT('/api/v1/replays/{replay_id}', { params: { path: { replay_id: this.replay.id } }, body: { speed } })));
  }

  /** Keeps progress and marks current on every page, at most ten times a second. */
  #closed(bar: ClosedBar): void {
    if (bar.replay_id !== this.replay?.id) return;
    this.#latest = bar;
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      const latest = this.#latest;
      if (!latest || latest.replay_id !== this.replay?.id || !this.replay) return;
      this.replay = { ...this.replay, cursor_ts: latest.bar[0], bars_done: latest.bars_done, bars_total: latest.bars_total };
      book.mark(latest.instrument, Number(latest.bar[4]));
    }, UPDATE_MS);
  }

  /** Exactly one replay is listened to: the one on the desk. */
  #listenTo(replay: Replay | null): void {
    this.replay = replay;
    this.#unsubscribe();
    this.#unsubscribe = replay ? stream.subscribe({ replay_id: replay.id }) : () => undefined;
  }

  async run(request: { strategy: string; params: Record<string, unknown>; instrument: string; timeframe: string; allocation: string; account_id: string }): Promise<TradingSession> {
    const session = await ask(api.POST('/api/v1/sessions', { body: { ...request, timeframe: request.timeframe as Timeframe } }));
    this.#session(session);
    return session;
  }

  async steer(session: TradingSession, verb: 'start' | 'pause' | 'stop'): Promise<void> {
    const params = { path: { session_id: session.id } };
    const reply =
      verb === 'start'
        ? api.POST('/api/v1/sessions/{session_id}/start', { params })
        : verb === 'pause'
          ? api.POST('/api/v1/sessions/{session_id}/pause', { params })
          : api.POST('/api/v1/sessions/{session_id}/stop', { params });
    this.#session(await ask(reply));
  }

  async addAccount(request: NewAccount): Promise<void> {
    const account = await ask(api.POST('/api/v1/accounts', { body: request }));
    this.accounts = [...this.accounts, account];
    this.#listenTo(null);
    await book.show(account);
    this.#save();
  }

  #replayed(replay: Replay): void {
    this.replays = this.replays.map((row) => (row.id === replay.id ? replay : row));
    if (this.replay?.id === replay.id && replay.bars_done >= this.replay.bars_done) this.replay = replay;
    else if (this.replay?.id === replay.id) this.replay = { ...this.replay, status: replay.status, speed: replay.speed };
  }

  #session(session: TradingSession): void {
    const at = this.sessions.findIndex((row) => row.id === session.id);
    this.sessions = at < 0 ? [session, ...this.sessions] : this.sessions.map((row) => (row.id === session.id ? { ...row, ...session } : row));
  }
}

export const desk = new Desk();
