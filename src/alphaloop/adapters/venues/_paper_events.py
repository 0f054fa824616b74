"""What happens to an account at the paper venue without anybody trading: ex-dates and funding."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import insert, select

from alphaloop.adapters.venues._paper_tables import PaperAccount, PaperFunding, PaperOrder, PaperPosition
from alphaloop.adapters.venues.contract import Settled
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO, stored
from alphaloop.core.order import OrderStatus
from alphaloop.engine.margin import funding_due
from alphaloop.engine.matching import Matcher
from alphaloop.infra.db import ReadSession, WriteSession


async def find_funding(session: ReadSession, account_id: int, symbol: str, ts_ms: int) -> Settled | None:
    """What was settled then, if it was."""
    known = await session.scalar(
        select(PaperFunding).where(
            PaperFunding.account_id == account_id, PaperFunding.instrument == symbol, PaperFunding.ts_ms == ts_ms
        )
    )
    return None if known is None else Settled(known.quantity, known.paid)


async def take_funding(
    session: WriteSession, account: PaperAccount, position: PaperPosition, *, rate: Decimal, mark: Decimal, ts_ms: int
) -> Settled | None:
    """Take or pay funding on a position as it is, for the first time; None where nothing was held at that time.

    Once the settlement's bar was matched, what is held may be newer than the settlement.
    """
    if position.quantity == 0 or position.last_bar_ms >= ts_ms:
        return None
    settled = Settled(position.quantity, funding_due(position.quantity, mark, rate))
    account.cash = EXACT.subtract(account.cash, settled.paid)
    await session.execute(
        insert(PaperFunding).values(
            account_id=account.account_id,
            instrument=position.instrument,
            ts_ms=ts_ms,
            quantity=settled.quantity,
            paid=settled.paid,
        )
    )
    return settled


def pay_action(account: PaperAccount, position: PaperPosition, action: CorporateAction) -> None:
    """Cash and shares of what is held, at the same cost in all."""
    account.cash = EXACT.add(account.cash, action.cash_due(position.quantity))
    cost = EXACT.multiply(position.average, position.quantity)
    position.quantity = EXACT.add(position.quantity, action.shares_due(position.quantity))
    position.average = stored(EXACT.divide(cost, position.quantity)) if position.quantity else ZERO


def restate_orders(rows: Sequence[PaperOrder], matcher: Matcher, action: CorporateAction) -> None:
    """Working orders, held by `matcher` as well, in prices of after the ex-date."""
    matcher.on_action(action)
    moved = {held.order.client_order_id: held for held in matcher.working}
    for row in rows:
        held = moved[row.client_order_id]
        row.price, row.stop_price = held.order.price, held.order.stop_price
        row.quantity, row.remaining = held.order.quantity, held.remaining


def end_worthless(row: PaperOrder, action: CorporateAction, instrument: Instrument) -> bool:
    """Cancel an order whose price an ex-date takes to nothing; whether it was one."""
    try:
        moved = [
            action.rescale(price, close=price, tick=instrument.tick, by_ratio=False)
            for price in (row.price, row.stop_price)
            if price is not None
        ]
    except InvalidError:
        moved = [ZERO]
    if all(price > 0 for price in moved):
        return False
    row.status, row.reason = OrderStatus.CANCELLED, "ex_date_no_price"
    return True
