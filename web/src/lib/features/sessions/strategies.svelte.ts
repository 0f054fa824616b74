// The strategies that can run, read once.
import { get } from '$lib/api/transport';
import type { Page, Strategy } from '$lib/api/types';

class Strategies {
  items = $state.raw<Strategy[]>([]);
  cause = $state<unknown>(null);

  async load(): Promise<void> {
    if (this.items.length) return;
    try {
      this.items = (await get<Page<Strategy>>('/strategies')).items;
      this.cause = null;
    } catch (cause) {
      this.cause = cause;
    }
  }

  find(key: string): Strategy | null {
    return this.items.find((item) => item.key === key) ?? null;
  }
}

export const strategies = new Strategies();
