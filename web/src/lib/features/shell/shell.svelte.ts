// What is open above the page.
class ShellState {
  commandOpen = $state(false);
  commandText = $state('');
  ticketOpen = $state(false);
  ticketSide = $state<'BUY' | 'SELL'>('BUY');
  startOpen = $state(false);
  /** A moment that the chart should bring into view once it has its bars. */
  showTs = $state<number | null>(null);
  riskOpen = $state(false);
  panelOpen = $state(false);
  toolsOpen = $state(false);
  sheetOpen = $state(false);
  sheetTab = $state<'watch' | 'structure' | 'positions' | 'orders' | 'tools'>('structure');

  command(text = ''): void {
    this.commandText = text;
    this.commandOpen = true;
  }

  ticket(side: 'BUY' | 'SELL'): void {
    this.ticketSide = side;
    this.ticketOpen = true;
  }
}

export const shell = new ShellState();
