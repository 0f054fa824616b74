"""An ex-date in the platform's own books: positions first, then working orders are restated in prices of after."""

from datetime import UTC, datetime, time
from decimal import Decimal

from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT
from alphaloop.core.order import OrderSide
from alphaloop.features.accounts.models import Account
from alphaloop.features.orders import repository
from alphaloop.features.orders.changes import announce_order, hold_for_order
from alphaloop.features.positions import service as positions
from alphaloop.infra.db import WriteSession


async def book_ex_date(
    session: WriteSession, account: Account, instrument: Instrument, action: CorporateAction, *, clock: Clock
) -> bool:
    """Book an ex-date for one account before its first bar; a repeated call changes nothing and returns False.

    Prices of working orders move as the venue moves them; what only reduces follows the shares as well.
    """
    now_ms = to_ms(datetime.combine(action.ex_date, time(), UTC))
    if not await positions.book_action(session, account, instrument, action, clock=clock):
        return False
    for row in await repository.working_orders(session, account.id, instrument=instrument.symbol):
        row.price = _after(action, row.price, instrument.tick)
        row.stop_price = _after(action, row.stop_price, instrument.tick)
        row.hold_price = _after(action, row.hold_price, Decimal(0))
        if row.reduce_only or (row.side == OrderSide.SELL and not instrument.can_short):
            remaining = EXACT.subtract(row.quantity, row.filled_quantity)
            row.quantity = EXACT.add(row.quantity, action.shares_due(remaining))
        await session.flush()
        await hold_for_order(session, row, account, instrument, now_ms=now_ms)
        await announce_order(session, row, clock=clock)
    return True


def _after(action: CorporateAction, price: Decimal | None, tick: Decimal) -> Decimal | None:
    return None if price is None else action.rescale(price, close=price, tick=tick, by_ratio=False)
