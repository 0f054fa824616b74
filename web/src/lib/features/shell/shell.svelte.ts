// What is open above the page.
class ShellState {
  commandOpen = $state(false);
  ticketOpen = $state(false);
  ticketSide = $state<'BUY' | 'SELL'>('BUY');
  startOpen = $state(false);
  panelOpen = $state(false);
  toolsOpen = $state(false);
  sheetOpen = $state(false);
  sheetTab = $state<'watch' | 'structure' | 'positions' | 'orders' | 'tools'>('structure');

  ticket(side: 'BUY' | 'SELL'): void {
    this.ticketSide = side;
    this.ticketOpen = true;
  }
}

export const shell = new ShellState();
