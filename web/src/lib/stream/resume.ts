// What must survive a broken connection: the last sequence number seen, and how long to wait before trying again.

export type Frame = { channel: string; event: string; data: unknown; timestamp: number; seq: number | null };

export class Resume {
  #seq: number | null = null;

  get seq(): number | null {
    return this.#seq;
  }

  /** True when the frame is new. A frame at or below the last number is a repeat from the platform's replay buffer. */
  accept(seq: number | null | undefined): boolean {
    if (seq === null || seq === undefined) return true;
    if (this.#seq !== null && seq <= this.#seq) return false;
    this.#seq = seq;
    return true;
  }

  /** After a welcome: a resumed stream goes on counting, a fresh one counts from the platform's number. */
  welcome(seq: number | null, resumed: boolean): void {
    if (!resumed) this.#seq = seq;
  }
}

/** 0.5 s, 1, 2, 4, 8, then 10; `luck` in [0, 1) spreads clients so that they do not all return at once. */
export function backoff(attempt: number, luck: number): number {
  const base = Math.min(10_000, 500 * 2 ** Math.max(0, attempt));
  return Math.round(base * (0.75 + luck * 0.5));
}
