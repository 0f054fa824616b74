"""What an ex-date does to an account: cash and shares through the ledger, cost and marks in prices of after."""

from datetime import UTC, datetime, time
from decimal import Decimal

from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, stored
from alphaloop.engine.market_rules import rules_on
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.positions.models import CashFlow, PositionRow
from alphaloop.features.positions.service.booking import find_position, view
from alphaloop.features.positions.service.flows import FlowKind
from alphaloop.features.positions.service.marking import find_mark
from alphaloop.infra.db import WriteSession
from alphaloop.infra.outbox import announce


async def book_action(
    session: WriteSession, account: Account, instrument: Instrument, action: CorporateAction, *, clock: Clock
) -> bool:
    """Book an ex-date before its first bar; whether it was booked now (the ledger's key guards it against a repeat).

    Cash and new shares dilute the cost, as brokers show it; the last price becomes the day's reference price.
    """
    row = await find_position(session, account.id, instrument.symbol)
    held = row.quantity if row is not None else action.cash * 0
    cash, shares = action.cash_due(held), action.shares_due(held)
    posted = await ledger.post(
        session,
        kind="corporate_action",
        key=f"action:{account.id}:{instrument.symbol}:{action.ex_date}",
        lines=[
            ledger.Line(ledger.ACCOUNT, account.id, instrument.quote, cash, owed=instrument.can_short),
            ledger.Line(ledger.VENUE, 0, instrument.quote, cash.copy_negate()),
            ledger.Line(ledger.ACCOUNT, account.id, instrument.base, shares, owed=instrument.can_short),
            ledger.Line(ledger.VENUE, 0, instrument.base, shares.copy_negate()),
        ],
        at=clock.now(),
    )
    if not posted:
        return False
    if cash:
        session.add(_flow(account, instrument, action, held=held, cash=cash, clock=clock))
    tick = rules_on(instrument, action.ex_date).tick_at
    seen = await find_mark(session, account.id, instrument.symbol)
    if seen is not None:
        seen.price = action.reference_price(seen.price, tick=tick(seen.price))
    if row is not None and row.quantity != 0:
        _dilute(row, action)
        row.mark = action.reference_price(row.mark, tick=tick(row.mark))
        await session.flush()
        event = Event("positions.position_changed", view(row), account.user_id, account.id)
        await announce(session, event, at=clock.now())
    return True


def _flow(
    account: Account, instrument: Instrument, action: CorporateAction, *, held: Decimal, cash: Decimal, clock: Clock
) -> CashFlow:
    return CashFlow(
        account_id=account.id,
        kind=FlowKind.EX_DATE,
        instrument=instrument.symbol,
        asset=instrument.quote,
        amount=cash,
        quantity=held,
        ts_ms=to_ms(datetime.combine(action.ex_date, time(), UTC)),
        booked_at=clock.now(),
    )


def _dilute(row: PositionRow, action: CorporateAction) -> None:
    cash, shares = action.cash_due(row.quantity), action.shares_due(row.quantity)
    after = EXACT.add(row.quantity, shares)
    cost = EXACT.subtract(EXACT.multiply(row.quantity, row.average_price), cash)
    row.average_price = stored(EXACT.divide(cost, after))
    row.quantity = after
    row.trip_entry_quantity = EXACT.add(row.trip_entry_quantity, abs(shares))
    row.trip_entry_value = EXACT.subtract(row.trip_entry_value, abs(cash))
