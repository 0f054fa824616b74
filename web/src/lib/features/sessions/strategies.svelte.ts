// The strategies that can run, read once.
import { api, ask } from '$lib/api/transport';
import type { Strategy } from '$lib/api/types';

class Strategies {
  items = $state.raw<Strategy[]>([]);
  cause = $state<unknown>(null);
  /** False until the list was read once, however that ended. */
  read = $state(false);

  async load(): Promise<void> {
    if (this.items.length) return;
    try {
      this.items = (await ask(api.GET('/api/v1/strategies'))).items;
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
