// Says fills and refusals aloud, once each, wherever they came from.
import { stream } from '$lib/stream/stream.svelte';
import type { Order } from '$lib/api/types';
import { book } from '$features/accounts/book.svelte';
import { desk } from '$features/desk/desk.svelte';
import { market } from '$features/market/market.svelte';
import { decimalsOf, plain, quantity } from '$lib/format/numbers';
import { i18n } from '$lib/i18n/index.svelte';
import { toasts } from '$lib/ui/toasts.svelte';

/** Above this replay speed every fill would be a flicker: the tables and the chart tell it. */
const QUIET_SPEED = 20;

export function watchFills(): () => void {
  return stream.on('order_update', (event, data) => {
    const order = data as Order;
    if (order.account_id !== book.account?.id) return;
    const t = i18n.t.trade;
    const item = market.find(order.instrument);
    const side = order.side === 'BUY' ? t.buy : t.sell;
    const amount = `${quantity(order.quantity, item?.lot)} ${item?.alias ?? order.instrument}`;
    const speed = desk.replay?.speed ?? 1;
    const quiet = desk.replay?.status === 'PLAYING' && (speed === 0 || speed > QUIET_SPEED);
    if (event === 'filled' && !quiet) {
      toasts.show('ok', t.filled(side, amount, plain(order.average_price, decimalsOf(item?.tick))), { small: i18n.t.shell.paper });
    } else if (event === 'rejected' && !order.session_id) {
      toasts.show('error', `${t.refused}: ${i18n.code(order.reason?.code)}`);
    }
  });
}
