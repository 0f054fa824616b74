"""All SQL of the signals room."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select
from sqlalchemy.exc import IntegrityError

from alphaloop.core.signal import SignalStatus
from alphaloop.features.signals.models import AutoConsent, StrategyRun, TradingSignal
from alphaloop.infra.db import ReadSession, WriteSession

OPEN = (SignalStatus.PENDING, SignalStatus.VALIDATED)


async def add_signal(session: WriteSession, values: Mapping[str, Any]) -> TradingSignal | None:
    """The new row, or None when the strategy's episode has fired on this account already."""
    try:
        async with session.begin_nested():
            added = await session.execute(insert(TradingSignal).values(**values))
    except IntegrityError:
        return None
    return await session.get(TradingSignal, int(added.inserted_primary_key[0]))  # type: ignore[attr-defined]


async def find_signal(session: ReadSession, signal_id: int, *, lock: bool = False) -> TradingSignal | None:
    """`lock` holds the row until the transaction ends and reads it afresh."""
    query = select(TradingSignal).where(TradingSignal.id == signal_id).execution_options(populate_existing=lock)
    found: TradingSignal | None = await session.scalar(query.with_for_update() if lock else query)
    return found


async def list_signals(
    session: ReadSession,
    account_ids: Sequence[int],
    *,
    only: Mapping[str, Any] | None = None,
    before: int | None = None,
    limit: int,
) -> list[TradingSignal]:
    """Newest first, ids below `before`; `only` are columns and what they must equal."""
    query = select(TradingSignal).where(TradingSignal.account_id.in_(account_ids))
    for name, value in (only or {}).items():
        if value is not None:
            query = query.where(getattr(TradingSignal, name) == value)
    if before is not None:
        query = query.where(TradingSignal.id < before)
    return list(await session.scalars(query.order_by(TradingSignal.id.desc()).limit(limit)))


async def open_signals(session: ReadSession, account_ids: Sequence[int]) -> list[TradingSignal]:
    """Signals that may still be executed, oldest first."""
    query = select(TradingSignal).where(
        TradingSignal.account_id.in_(account_ids), TradingSignal.signal_status.in_(OPEN)
    )
    return list(await session.scalars(query.order_by(TradingSignal.id)))


async def signals_of_run(session: ReadSession, run_id: int) -> list[TradingSignal]:
    """What a run brought, oldest first."""
    query = select(TradingSignal).where(TradingSignal.strategy_run_id == run_id)
    return list(await session.scalars(query.order_by(TradingSignal.id)))


async def accounts_with_open(session: ReadSession) -> list[int]:
    """Accounts that have signals which may expire."""
    query = select(TradingSignal.account_id).where(
        TradingSignal.signal_status.in_(OPEN), TradingSignal.expires_at.is_not(None)
    )
    return list(await session.scalars(query.distinct()))


async def unmeasured(session: ReadSession, *, limit: int, not_since: datetime) -> list[TradingSignal]:
    """Signals that went somewhere and have not ended there yet, those longest not looked at first."""
    query = select(TradingSignal).where(
        TradingSignal.hit.is_(None),
        TradingSignal.direction != "FLAT",
        or_(TradingSignal.measured_at.is_(None), TradingSignal.measured_at < not_since),
    )
    # What has not moved for a year will not: its series is no longer kept up.
    query = query.where(TradingSignal.created_at > not_since - timedelta(days=365))
    longest = (TradingSignal.measured_at.is_not(None), TradingSignal.measured_at, TradingSignal.id)
    return list(await session.scalars(query.order_by(*longest).limit(limit)))


async def ended(session: ReadSession, where: ColumnElement[bool], *, limit: int = 5000) -> list[TradingSignal]:
    """The newest signals whose outcome is known."""
    query = select(TradingSignal).where(where, TradingSignal.hit.is_not(None))
    return list(await session.scalars(query.order_by(TradingSignal.id.desc()).limit(limit)))


async def count(session: ReadSession, where: ColumnElement[bool]) -> int:
    return int(await session.scalar(select(func.count()).select_from(TradingSignal).where(where)) or 0)


async def signal_of_order(session: WriteSession, order_id: int) -> TradingSignal | None:
    found: TradingSignal | None = await session.scalar(
        select(TradingSignal).where(TradingSignal.order_id == order_id).with_for_update()
    )
    return found


async def find_run(session: ReadSession, **where: int) -> StrategyRun | None:
    found: StrategyRun | None = await session.scalar(select(StrategyRun).filter_by(**where))
    return found


async def list_runs(
    session: ReadSession, strategy_id: int, account_ids: Sequence[int], *, before: int | None, limit: int
) -> list[StrategyRun]:
    """Newest first, ids below `before`."""
    query = select(StrategyRun).where(StrategyRun.strategy_id == strategy_id, StrategyRun.account_id.in_(account_ids))
    if before is not None:
        query = query.where(StrategyRun.id < before)
    return list(await session.scalars(query.order_by(StrategyRun.id.desc()).limit(limit)))


async def find_consent(session: ReadSession, account_id: int) -> AutoConsent | None:
    found: AutoConsent | None = await session.scalar(select(AutoConsent).where(AutoConsent.account_id == account_id))
    return found
