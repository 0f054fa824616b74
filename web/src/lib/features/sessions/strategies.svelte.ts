// The strategies that can run, read once.
import { api, ask } from '$lib/api/transport';
import type { BrokenFile, Strategy } from '$lib/api/types';

class Strategies {
  items = $state.raw<Strategy[]>([]);
  /** Files in the person's own folder that are no strategies yet, and why. */
  broken = $state.raw<BrokenFile[]>([]);
  cause = $state<unknown>(null);
  /** False until the list was read once, however that ended. */
  read = $state(false);

  /** Reads the list once; `anew` reads it again, since a file may have been written meanwhile. */
  async load(anew = false): Promise<void> {
    if (this.items.length && !anew) return;
    try {
      const page = await ask(api.GET('/api/v1/strategies'));
      this.items = page.items;
      // The message begins with the file's name, which stands beside it anyway.
      this.broken = (page.broken ?? []).map((one) => ({ ...one, message: one.message.replace(new RegExp(`^${one.file}[,:] `), '') }));
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    } finally {
      this.read = true;
    }
  }

  find(key: string): Strategy | null {
    return this.items.find((item) => item.key === key) ?? null;
  }
}

export const strategies = new Strategies();
