// Which price lines an account has on one instrument: working orders, and the open position with its stop and take.
import type { Order, Position, Side } from '$lib/api/types';
import type { LineKind, PriceLine } from '$lib/chart/overlays/lines';

export type Marked = PriceLine & {
  order: Order | null;
  position: Position | null;
  side: Side;
  quantity: string;
  /** Money won or lost against the entry if this line is reached; null where there is no entry. */
  gain: number | null;
  /** The gain in units of the risk that the stop stands for. */
  multiple: number | null;
};

function kindOf(order: Order): LineKind {
  if (order.role === 'STOP') return 'stop';
  if (order.role === 'TAKE') return 'take';
  return 'entry';
}

function stopOf(position: Position, orders: Order[]): string | null {
  return position.stop ?? orders.find((order) => order.role === 'STOP')?.stop_price ?? null;
}

export function linesOf(instrument: string, positions: Position[], orders: Order[]): Marked[] {
  const position = positions.find((row) => row.instrument === instrument && Number(row.quantity) !== 0) ?? null;
  const mine = orders.filter((order) => order.instrument === instrument);
  const entry = position ? Number(position.average_price) : null;
  const size = position ? Number(position.quantity) : 0;
  const stop = position ? stopOf(position, mine) : null;
  const risk = entry !== null && stop !== null ? Math.abs((entry - Number(stop)) * size) : null;
  const gainAt = (price: string) => (entry === null ? null : (Number(price) - entry) * size);
  const inR = (gain: number | null) => (gain === null || !risk ? null : gain / risk);
  const lines: Marked[] = [];
  if (position) {
    const open = Number(position.unrealised);
    lines.push({
      id: `position-${instrument}`,
      kind: 'position',
      price: position.average_price,
      order: null,
      position,
      side: size >= 0 ? 'BUY' : 'SELL',
      quantity: String(Math.abs(size)),
      gain: open,
      multiple: inR(open)
    });
  }
  for (const order of mine) {
    const price = order.stop_price ?? order.price;
    if (!price) continue;
    const exit = order.role === 'STOP' || order.role === 'TAKE';
    const gain = exit ? gainAt(price) : null;
    lines.push({
      id: `order-${order.id}`,
      kind: kindOf(order),
      price,
      order,
      position: null,
      side: order.side,
      quantity: order.quantity,
      gain,
      multiple: inR(gain)
    });
  }
  for (const [kind, price] of [['stop', position?.stop], ['take', position?.take]] as const) {
    if (!position || !price || lines.some((line) => line.kind === kind)) continue;
    const gain = gainAt(price);
    lines.push({ id: `${kind}-${instrument}`, kind, price, order: null, position, side: size >= 0 ? 'SELL' : 'BUY', quantity: String(Math.abs(size)), gain, multiple: inR(gain) });
  }
  return lines;
}

/** Moves labels apart so that none covers another; the order from top to bottom is kept. */
export function spread(places: { id: string; y: number }[], height: number, gap = 22): Map<string, number> {
  const rows = [...places].sort((a, b) => a.y - b.y);
  let floor = 11 - gap;
  const out = new Map<string, number>();
  for (const row of rows) {
    const y = Math.max(row.y, floor + gap);
    out.set(row.id, y);
    floor = y;
  }
  let ceiling = height - 11 + gap;
  for (const row of [...rows].reverse()) {
    const y = Math.min(out.get(row.id) ?? row.y, ceiling - gap);
    out.set(row.id, y);
    ceiling = y;
  }
  return out;
}
