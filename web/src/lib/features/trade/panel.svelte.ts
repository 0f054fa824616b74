// Which tab the lower half of the right panel shows.
import { shell } from '$features/shell/shell.svelte';
import { screen } from '$features/shell/screen.svelte';

export type PanelTab = 'structure' | 'positions' | 'orders';

class PanelState {
  tab = $state<PanelTab>('structure');

  show(tab: PanelTab): void {
    this.tab = tab;
    if (!screen.panel) shell.panelOpen = true;
  }
}

export const panel = new PanelState();
