"""Marking positions at closed bars, stating what an account is worth, and what its next session allows."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, update

from alphaloop.core.bar import Bar
from alphaloop.core.clock import Clock, from_ms, to_ms
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.position import Position
from alphaloop.engine.day_state import DayState, day_of, has_memory
from alphaloop.engine.matching import TradingDay
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.market import service as market
from alphaloop.features.positions.models import AccountMark, EquityPoint, EquitySnapshot, PositionRow
from alphaloop.features.positions.service.booking import find_position, list_positions
from alphaloop.infra.db import ReadSession, WriteSession


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


async def suspended(session: ReadSession, account_id: int) -> set[str]:
    """Instruments whose last price is of an earlier session than the newest of their venue: shown as 停牌."""
    rows = await session.execute(
        select(AccountMark.instrument, AccountMark.day).where(AccountMark.account_id == account_id)
    )
    days = {row.instrument: row.day for row in rows if row.day is not None}
    newest: dict[str, date] = {}
    for instrument, day in days.items():
        venue = instrument.rpartition("@")[2]
        newest[venue] = max(newest.get(venue, day), day)
    return {instrument for instrument, day in days.items() if day < newest[instrument.rpartition("@")[2]]}


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
        await _remember(session, account, bar, seen)
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


async def _remember(session: WriteSession, account: Account, bar: Bar, before: AccountMark | None) -> None:
    instrument = await market.get_instrument(session, bar.instrument)
    day = day_of(instrument, bar.ts_ms)
    seen = {"price": bar.close, "ts_ms": bar.ts_ms, "close_ms": bar.close_ms, "day": day}
    if before is None:
        await session.execute(insert(AccountMark).values(account_id=account.id, instrument=bar.instrument, **seen))
        return
    if before.day != day:
        seen["reference"] = before.price
    this = (AccountMark.account_id == account.id, AccountMark.instrument == bar.instrument)
    await session.execute(update(AccountMark).where(*this).values(**seen))


async def trading_day(session: ReadSession, account: Account, instrument: Instrument, day: date) -> TradingDay:
    """What binds the account's orders in an instrument on `day`: its rules, price limits, and what may be sold."""
    held = await find_position(session, account.id, instrument.symbol)
    quantity = held.quantity if held is not None else ZERO
    bought = held.bought if held is not None and held.bought_day == day else ZERO
    state = DayState(day, bought=bought)
    if has_memory(instrument, day):
        seen = await find_mark(session, account.id, instrument.symbol)
        if seen is not None:
            state = DayState(day, seen.reference if seen.day == day else seen.price, seen.price, bought)
    return state.trading_day(instrument, quantity)


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
