"""Booking fills into positions and round trips."""

from typing import Any

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO, plain
from alphaloop.core.order import OrderSide
from alphaloop.core.position import Position
from alphaloop.core.signal import Direction
from alphaloop.engine.day_state import day_of
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.positions.models import PositionRow
from alphaloop.features.positions.rules import ClosedTrip, Trip, move
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.outbox import announce_many


async def find_position(session: ReadSession, account_id: int, instrument: str) -> PositionRow | None:
    found: PositionRow | None = await session.scalar(
        select(PositionRow).where(PositionRow.account_id == account_id, PositionRow.instrument == instrument)
    )
    return found


async def list_positions(session: ReadSession, account_id: int, *, flat: bool = False) -> list[PositionRow]:
    """Positions of an account by instrument; flat ones (with their realised profit) only when asked for."""
    rows = await session.scalars(
        select(PositionRow)
        .where(PositionRow.account_id == account_id)
        .order_by(PositionRow.instrument)
        # Marks are written by statement, past the objects this session may hold already.
        .execution_options(populate_existing=True)
    )
    return [row for row in rows if flat or row.quantity != 0]


async def accounts_holding(session: ReadSession, instrument: str) -> set[int]:
    """Accounts with a position in an instrument."""
    # Amounts are text on SQLite, so what is flat is sorted out here.
    rows = await session.execute(
        select(PositionRow.account_id, PositionRow.quantity).where(PositionRow.instrument == instrument)
    )
    return {row.account_id for row in rows if row.quantity != 0}


async def apply_fill(
    session: WriteSession, account: Account, instrument: Instrument, fill: Fill, *, clock: Clock
) -> PositionRow:
    """Book one fill: money through the ledger, quantity and round trip here, in the caller's transaction.

    The caller guarantees that a fill comes here once; the ledger's key (`fill:<account>:<trade>`) guards it again.
    """
    # Bare operators would round to Python's 28 digits.
    signed = EXACT.multiply(fill.quantity, fill.side.sign)
    paid = EXACT.multiply(signed, fill.price)
    row = await find_position(session, account.id, instrument.symbol) or _flat(account, instrument)
    posted = await ledger.post(
        session,
        kind="fill",
        key=f"fill:{account.id}:{fill.trade_id}",
        lines=[
            ledger.Line(ledger.ACCOUNT, account.id, instrument.quote, paid.copy_negate(), owed=instrument.can_short),
            ledger.Line(ledger.VENUE, 0, instrument.quote, paid),
            ledger.Line(ledger.ACCOUNT, account.id, fill.fee_asset, fill.fee.copy_negate()),
            ledger.Line(ledger.FEES, 0, fill.fee_asset, fill.fee),
            ledger.Line(ledger.ACCOUNT, account.id, instrument.base, signed, owed=instrument.can_short),
            ledger.Line(ledger.VENUE, 0, instrument.base, signed.copy_negate()),
        ],
        at=clock.now(),
        settles_holds=True,
    )
    if not posted:
        return row
    fee = fill.fee if fill.fee_asset == instrument.quote else ZERO
    position, trip, closed = move(
        Position(row.quantity, row.average_price, row.realised, row.fees),
        _trip(row),
        signed=signed,
        price=fill.price,
        fee=fee,
        ts_ms=fill.ts_ms,
    )
    row.quantity, row.average_price = position.quantity, position.average_price
    row.realised, row.fees = position.realised, position.fees
    row.trip_entry_quantity, row.trip_entry_value = trip.entry_quantity, trip.entry_value
    row.trip_exit_quantity, row.trip_exit_value = trip.exit_quantity, trip.exit_value
    row.trip_fees, row.opened_ms = trip.fees, trip.opened_ms
    if fill.side is OrderSide.BUY:
        day = day_of(instrument, fill.ts_ms)
        row.bought = EXACT.add(row.bought if row.bought_day == day else ZERO, fill.quantity)
        row.bought_day = day
    if row.mark_ts_ms <= fill.ts_ms:
        row.mark, row.mark_ts_ms = fill.price, fill.ts_ms
    events = [Event("positions.position_changed", view(row), account.user_id, account.id)]
    if closed is not None:
        events.append(_trade_closed(account, row, closed))
        row.trip_number += 1
    session.add(row)
    await session.flush()
    await announce_many(session, events, at=clock.now())
    return row


def _flat(account: Account, instrument: Instrument) -> PositionRow:
    return PositionRow(
        account_id=account.id,
        user_id=account.user_id,
        instrument=instrument.symbol,
        base_asset=instrument.base,
        quote_asset=instrument.quote,
        quantity=ZERO,
        average_price=ZERO,
        realised=ZERO,
        fees=ZERO,
        mark=ZERO,
        mark_ts_ms=0,
        trip_entry_quantity=ZERO,
        trip_entry_value=ZERO,
        trip_exit_quantity=ZERO,
        trip_exit_value=ZERO,
        trip_fees=ZERO,
        trip_number=1,
    )


def _trip(row: PositionRow) -> Trip:
    return Trip(
        row.trip_entry_quantity,
        row.trip_entry_value,
        row.trip_exit_quantity,
        row.trip_exit_value,
        row.trip_fees,
        row.opened_ms,
    )


def _trade_closed(account: Account, row: PositionRow, closed: ClosedTrip) -> Event:
    payload = {
        "account_id": str(account.id),
        "instrument": row.instrument,
        "trip": row.trip_number,
        "direction": closed.direction,
        "quantity": plain(closed.quantity),
        "entry_price": plain(closed.entry_price),
        "exit_price": plain(closed.exit_price),
        "fees": plain(closed.fees),
        "realised": plain(closed.realised),
        "entry_ms": closed.entry_ms,
        "exit_ms": closed.exit_ms,
    }
    return Event("positions.trade_closed", payload, account.user_id, account.id)


def view(row: PositionRow) -> dict[str, Any]:
    """A position as plain JSON, the same on the API and in events."""
    state = Position(row.quantity, row.average_price)
    direction = Direction.FLAT if row.quantity == 0 else Direction.LONG if row.quantity > 0 else Direction.SHORT
    return {
        "account_id": str(row.account_id),
        "instrument": row.instrument,
        "quantity": plain(row.quantity),
        "direction": direction.value,
        "average_price": plain(row.average_price),
        "mark": plain(row.mark),
        "market_value": plain(state.market_value(row.mark)),
        "unrealised": plain(state.unrealised(row.mark)),
        "realised": plain(row.realised),
        "fees": plain(row.fees),
        "opened_at_ms": row.opened_ms,
    }
