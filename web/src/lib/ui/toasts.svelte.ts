// Short messages at the top right: at most three, five seconds, errors stay until closed.
export type Tone = 'ok' | 'info' | 'error';
export type Toast = { id: number; tone: Tone; text: string; small: string | null; action: { text: string; run: () => void } | null };

class Toasts {
  items = $state<Toast[]>([]);
  #next = 1;

  show(tone: Tone, text: string, options: { small?: string | null; action?: Toast['action'] } = {}): void {
    const id = this.#next++;
    const same = this.items.find((item) => item.text === text && item.small === (options.small ?? null));
    if (same) this.close(same.id);
    this.items = [...this.items, { id, tone, text, small: options.small ?? null, action: options.action ?? null }].slice(-3);
    if (tone !== 'error') setTimeout(() => this.close(id), 5000);
  }

  close(id: number): void {
    this.items = this.items.filter((item) => item.id !== id);
  }
}

export const toasts = new Toasts();
