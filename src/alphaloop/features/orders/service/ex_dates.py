"""An ex-date in the platform's own books: positions first, then working orders are restated in prices of after."""

from datetime import UTC, datetime, time
from decimal import Decimal

from sqlalchemy import select

from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO, plain
from alphaloop.features.accounts.models import Account
from alphaloop.features.audit import service as audit
from alphaloop.features.orders import repository
from alphaloop.features.orders.changes import announce_order, hold_for_order
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.positions import service as positions
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import SYSTEM

EX_DATE_NOTE = "ex_date"
"""What stands beside an order whose prices were restated at a venue that only keeps it."""
NO_PRICE_LEFT = "ex_date_no_price"
"""Why an order ends whose price the ex-date takes to nothing."""


async def accounts_touched(session: ReadSession, instrument: str) -> list[Account]:
    """Accounts on the system's clock that hold an instrument or have working orders in it, oldest first."""
    ids = await positions.accounts_holding(session, instrument) | await repository.accounts_working(session, instrument)
    query = select(Account).where(Account.id.in_(ids), Account.replay_id.is_(None)).order_by(Account.id)
    return list(await session.scalars(query)) if ids else []


async def book_ex_date(
    session: WriteSession, account: Account, instrument: Instrument, action: CorporateAction, *, clock: Clock
) -> bool:
    """Book an ex-date for one account before its first bar; a repeated call changes nothing and returns False.

    Prices of working orders move as the venue moves them; what only reduces follows the shares as well. An order whose
    price comes to nothing is to be cancelled. What moved is written down in the audit trail.
    """
    now_ms = to_ms(datetime.combine(action.ex_date, time(), UTC))
    if not await positions.book_action(session, account, instrument, action, clock=clock):
        return False
    for row in await repository.working_orders(session, account.id, instrument=instrument.symbol):
        before = _levels(row)
        try:
            price = _after(action, row.price, instrument.tick)
            stop_price = _after(action, row.stop_price, instrument.tick)
            hold_price = _after(action, row.hold_price, ZERO)
        except InvalidError:
            row.cancel_requested, row.reason_code = True, NO_PRICE_LEFT
        else:
            row.price, row.stop_price = price, stop_price
            row.hold_price = hold_price
            if row.reduce_only:
                remaining = EXACT.subtract(row.quantity, row.filled_quantity)
                row.quantity = EXACT.add(row.quantity, action.shares_due(remaining))
            await session.flush()
            await hold_for_order(session, row, account, instrument, now_ms=now_ms)
        await _written_down(session, row, before, action, clock)
    return True


def _after(action: CorporateAction, price: Decimal | None, tick: Decimal) -> Decimal | None:
    if price is None:
        return None
    moved = action.rescale(price, close=price, tick=tick, by_ratio=False)
    if moved <= ZERO:
        raise InvalidError("The ex-date leaves nothing of this price.", code="bad_corporate_action")
    return moved


def _levels(row: OrderRow) -> dict[str, str]:
    told = {"price": row.price, "stop_price": row.stop_price, "quantity": row.quantity}
    return {name: plain(value) for name, value in told.items() if value is not None}


async def _written_down(
    session: WriteSession, row: OrderRow, before: dict[str, str], action: CorporateAction, clock: Clock
) -> None:
    after = {"cancelled": NO_PRICE_LEFT} if row.cancel_requested else _levels(row)
    if after == before:
        return
    row.updated_at = clock.now()
    await session.flush()
    await audit.record(
        session,
        SYSTEM,
        clock=clock,
        action="orders.restate",
        resource_type="order",
        resource_id=row.id,
        account_id=row.account_id,
        before=before,
        after=after,
        details={"ex_date": action.ex_date.isoformat()},
    )
    await announce_order(session, row, clock=clock, change="restated")
