"""Booking fills into positions, marking them, and stating what an account is worth."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update

from alphaloop.core.bar import Bar
from alphaloop.core.clock import Clock, from_ms, to_ms
from alphaloop.core.events import Event
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO, plain
from alphaloop.core.position import Position
from alphaloop.core.signal import Direction
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.positions.models import AccountMark, EquityPoint, EquitySnapshot, PositionRow
from alphaloop.features.positions.rules import ClosedTrip, Trip, move
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.outbox import announce_many


@dataclass(frozen=True, slots=True)
class Worth:
    """What an account is worth in its quote asset: `equity` = `cash` + `market_value`."""

    equity: Decimal
    cash: Decimal
    market_value: Decimal
    unrealised: Decimal
    realised: Decimal
    fees: Decimal
    ts_ms: int


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


async def worth(session: ReadSession, account: Account) -> Worth:
    """Equity of the account at the latest marks."""
    cash = await ledger.total(session, ledger.ACCOUNT, account.id, account.quote_asset)
    value = unrealised = realised = fees = ZERO
    ts_ms = 0
    for row in await list_positions(session, account.id, flat=True):
        state = Position(row.quantity, row.average_price)
        value = EXACT.add(value, state.market_value(row.mark))
        unrealised = EXACT.add(unrealised, state.unrealised(row.mark))
        realised = EXACT.add(realised, row.realised)
        fees = EXACT.add(fees, row.fees)
        ts_ms = max(ts_ms, row.mark_ts_ms)
    return Worth(EXACT.add(cash, value), cash, value, unrealised, realised, fees, ts_ms)


async def find_mark(session: ReadSession, account_id: int, instrument: str) -> AccountMark | None:
    found: AccountMark | None = await session.scalar(
        select(AccountMark).where(AccountMark.account_id == account_id, AccountMark.instrument == instrument)
    )
    return found


async def account_time_ms(session: ReadSession, account: Account, clock: Clock) -> int:
    """The account's own time, epoch ms: the close of the last bar it has seen on a replay, else the clock's now."""
    if account.replay_id is not None:
        seen = await session.scalar(select(func.max(AccountMark.close_ms)).where(AccountMark.account_id == account.id))
        if seen is not None:
            return int(seen)
    return to_ms(clock.now())


async def mark(session: WriteSession, account: Account, bar: Bar, *, clock: Clock) -> Worth:
    """Mark the account at a closed bar and record its equity there; doing it twice changes nothing."""
    seen = await find_mark(session, account.id, bar.instrument)
    if seen is None or seen.ts_ms < bar.ts_ms:
        await _remember(session, account, bar, known=seen is not None)
    await session.execute(
        update(PositionRow)
        .where(
            PositionRow.account_id == account.id,
            PositionRow.instrument == bar.instrument,
            PositionRow.mark_ts_ms <= bar.close_ms,
        )
        .values(mark=bar.close, mark_ts_ms=bar.close_ms)
    )
    now = await worth(session, account)
    values = {"equity": now.equity, "cash": now.cash, "market_value": now.market_value}
    at_bar = (EquityPoint.account_id == account.id, EquityPoint.ts_ms == bar.ts_ms)
    moved_on = seen is not None and seen.ts_ms < bar.ts_ms
    if moved_on or await session.scalar(select(EquityPoint.id).where(*at_bar)) is None:
        await session.execute(insert(EquityPoint).values(account_id=account.id, ts_ms=bar.ts_ms, **values))
    else:
        await session.execute(update(EquityPoint).where(*at_bar).values(**values))
    await _snapshot(session, account, now, from_ms(bar.ts_ms).date(), clock)
    return now


async def _remember(session: WriteSession, account: Account, bar: Bar, *, known: bool) -> None:
    seen = {"price": bar.close, "ts_ms": bar.ts_ms, "close_ms": bar.close_ms}
    if known:
        this = (AccountMark.account_id == account.id, AccountMark.instrument == bar.instrument)
        await session.execute(update(AccountMark).where(*this).values(**seen))
    else:
        await session.execute(insert(AccountMark).values(account_id=account.id, instrument=bar.instrument, **seen))


async def _snapshot(session: WriteSession, account: Account, now: Worth, day: date, clock: Clock) -> None:
    """Keep the day's row at its latest point, with returns against the day before and the peak so far."""
    newest = list(
        await session.scalars(
            select(EquitySnapshot)
            .where(EquitySnapshot.account_id == account.id, EquitySnapshot.snapshot_date <= day)
            .order_by(EquitySnapshot.snapshot_date.desc())
            .limit(2)
        )
    )
    today = newest.pop(0) if newest and newest[0].snapshot_date == day else None
    last = newest[0] if newest else None
    if today is not None and (today.total_equity, today.cash) == (now.equity, now.cash):
        return
    base = last.total_equity if last is not None else account.opening_cash
    known_peak = max(
        last.peak_equity if last is not None else account.opening_cash,
        today.peak_equity if today is not None else now.equity,
    )
    peak = max(known_peak, now.equity)
    values: dict[str, Any] = {
        "total_equity": now.equity,
        "cash": now.cash,
        "market_value": now.market_value,
        "realized_pnl": now.realised,
        "unrealized_pnl": now.unrealised,
        "daily_return": float(now.equity / base - 1) if base > 0 else None,
        "cumulative_return": float(now.equity / account.opening_cash - 1),
        "max_drawdown_pct": max(
            float(1 - now.equity / peak) if peak > 0 else 0.0,
            (last.max_drawdown_pct or 0.0) if last is not None else 0.0,
            (today.max_drawdown_pct or 0.0) if today is not None else 0.0,
        ),
        "peak_equity": peak,
        "updated_at": clock.now(),
    }
    if today is None:
        await session.execute(insert(EquitySnapshot).values(account_id=account.id, snapshot_date=day, **values))
    else:
        await session.execute(update(EquitySnapshot).where(EquitySnapshot.id == today.id).values(**values))


async def snapshot_now(session: WriteSession, account: Account, *, clock: Clock) -> Worth:
    """Write the account's row of today at its latest marks."""
    now = await worth(session, account)
    await _snapshot(session, account, now, clock.now().date(), clock)
    return now


async def equity_curve(session: ReadSession, account_id: int, *, limit: int = 5000) -> list[EquityPoint]:
    """The newest equity points, oldest first."""
    rows = await session.scalars(
        select(EquityPoint).where(EquityPoint.account_id == account_id).order_by(EquityPoint.ts_ms.desc()).limit(limit)
    )
    return list(reversed(list(rows)))


async def snapshots(session: ReadSession, account_id: int, *, days: int) -> list[EquitySnapshot]:
    """The newest daily snapshots, oldest first."""
    rows = await session.scalars(
        select(EquitySnapshot)
        .where(EquitySnapshot.account_id == account_id)
        .order_by(EquitySnapshot.snapshot_date.desc())
        .limit(days)
    )
    return list(reversed(list(rows)))
