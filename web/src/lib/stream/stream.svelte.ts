// The one WebSocket of the page: ticket, hello, resume, subscribe; it comes back by itself.
import { api, ask } from '$lib/api/transport';
import { backoff, Resume, type Frame } from './resume';

export type StreamState = 'idle' | 'connecting' | 'live' | 'offline';
type Listener = (event: string, data: unknown, frame: Frame) => void;
export type Topic = { replay_id: string } | { instrument: string; timeframe: string };

const SILENCE = 75_000;
/** Bars and marks can be fetched again: they carry the number of the last remembered event instead of their own. */
const UNNUMBERED = new Set(['bar', 'equity_update']);

class Stream {
  state = $state<StreamState>('idle');
  lostAt = $state<number | null>(null);
  #socket: WebSocket | null = null;
  #resume = new Resume();
  #attempt = 0;
  #wanted = false;
  #listeners = new Map<string, Set<Listener>>();
  #fresh = new Set<() => void>();
  #topics = new Map<string, Topic>();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    this.#wanted = true;
    if (this.state === 'idle') void this.#open();
  }

  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#socket?.close();
    this.#socket = null;
    this.#resume = new Resume();
    this.state = 'idle';
    this.lostAt = null;
  }

  reconnect(): void {
    clearTimeout(this.#retry);
    this.#attempt = 0;
    if (this.#socket) this.#socket.close();
    else void this.#open();
  }

  on(channel: string, listener: Listener): () => void {
    const set = this.#listeners.get(channel) ?? new Set();
    set.add(listener);
    this.#listeners.set(channel, set);
    return () => set.delete(listener);
  }

  /** Called whenever what we hold may have holes: at the first connection and when a resume was refused. */
  onFresh(listener: () => void): () => void {
    this.#fresh.add(listener);
    return () => this.#fresh.delete(listener);
  }

  subscribe(topic: Topic): () => void {
    const key = JSON.stringify(topic);
    this.#topics.set(key, topic);
    this.#say({ op: 'subscribe', ...topic });
    return () => {
      this.#topics.delete(key);
      this.#say({ op: 'unsubscribe', ...topic });
    };
  }

  #say(message: Record<string, unknown>): void {
    if (this.state === 'live' && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  async #open(): Promise<void> {
    if (!this.#wanted) return;
    this.state = this.lostAt === null ? 'connecting' : 'offline';
    let ticket: string;
    try {
      ticket = (await ask(api.POST('/api/v1/stream/ticket'))).ticket;
    } catch {
      // The reason does not matter here: whatever failed, the banner says so and the next attempt follows.
      this.#lost();
      return;
    }
    if (!this.#wanted) return;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/ws/trading`);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ op: 'hello', ticket, resume_seq: this.#resume.seq }));
    socket.onmessage = (message) => this.#receive(JSON.parse(String(message.data)) as Frame);
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
  }

  #lost(): void {
    this.#socket = null;
    clearTimeout(this.#silence);
    if (!this.#wanted) return;
    this.state = 'offline';
    this.lostAt ??= Date.now();
    this.#retry = setTimeout(() => void this.#open(), backoff(this.#attempt, Math.random()));
    this.#attempt += 1;
  }

  #listenForSilence(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.close(), SILENCE);
  }

  #receive(frame: Frame): void {
    this.#listenForSilence();
    if (frame.channel === 'system') {
      this.#system(frame);
      return;
    }
    if (!UNNUMBERED.has(frame.channel) && !this.#resume.accept(frame.seq)) return;
    for (const listener of [...(this.#listeners.get(frame.channel) ?? [])]) listener(frame.event, frame.data, frame);
  }

  #system(frame: Frame): void {
    if (frame.event === 'heartbeat') {
      this.#socket?.send(JSON.stringify({ op: 'pong' }));
      return;
    }
    if (frame.event !== 'welcome') return;
    const data = frame.data as { seq: number | null; resumed: boolean };
    this.#resume.welcome(data.seq ?? frame.seq, data.resumed);
    this.#attempt = 0;
    this.state = 'live';
    this.lostAt = null;
    for (const topic of this.#topics.values()) this.#say({ op: 'subscribe', ...topic });
    if (!data.resumed) for (const listener of [...this.#fresh]) listener();
  }
}

export const stream = new Stream();
