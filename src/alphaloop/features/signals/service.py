"""Recording signals once and saying what became of them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.core.signal import Desired, Direction, SignalStatus
from alphaloop.features.signals.models import TradingSignal
from alphaloop.features.signals.schemas import SignalView
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.outbox import announce


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a signal comes from."""

    user_id: int
    account_id: int
    session_id: int | None
    strategy_key: str
    instrument: str
    timeframe: str


async def find_signal(session: ReadSession, origin: Origin, episode: int) -> TradingSignal | None:
    found: TradingSignal | None = await session.scalar(
        select(TradingSignal).where(
            TradingSignal.session_id == origin.session_id,
            TradingSignal.instrument == origin.instrument,
            TradingSignal.episode == episode,
        )
    )
    return found


async def record_signal(
    session: WriteSession,
    origin: Origin,
    desired: Desired,
    *,
    price: Decimal,
    stop: Decimal | None,
    take: Decimal | None,
    ts_ms: int,
    clock: Clock,
) -> TradingSignal:
    """The signal row of this episode, new and PENDING the first time it is asked for."""
    known = await find_signal(session, origin, desired.episode)
    if known is not None:
        return known
    target = desired.target if desired.target is not None else 0.0
    direction = Direction.FLAT if target == 0 else Direction.LONG if target > 0 else Direction.SHORT
    signal = TradingSignal(
        user_id=origin.user_id,
        account_id=origin.account_id,
        session_id=origin.session_id,
        strategy_key=origin.strategy_key,
        instrument=origin.instrument,
        timeframe=origin.timeframe,
        episode=desired.episode,
        direction=direction,
        target=target,
        sizing=desired.sizing,
        signal_strength=desired.strength,
        entry_price=price,
        stop_loss=stop,
        take_profit=take,
        reason=desired.reason[:128],
        signal_status=SignalStatus.PENDING,
        validation_errors=[],
        ts_ms=ts_ms,
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    session.add(signal)
    await session.flush()
    return signal


async def settle_signal(
    session: WriteSession,
    signal: TradingSignal,
    status: SignalStatus,
    *,
    clock: Clock,
    errors: list[dict[str, Any]] | None = None,
    quantity: Decimal | None = None,
) -> None:
    """Say what became of a signal and announce it; every recorded signal is settled in the same transaction."""
    signal.signal_status = status
    signal.validation_errors = errors or []
    signal.position_size = quantity
    signal.updated_at = clock.now()
    if status is SignalStatus.EXECUTED:
        signal.executed_at = clock.now()
    await session.flush()
    payload = SignalView.model_validate(signal).model_dump(mode="json")
    await announce(session, Event("signals.signal_fired", payload, signal.user_id, signal.account_id), at=clock.now())


async def list_signals(
    session: ReadSession, account_ids: list[int], *, session_id: int | None, before: int | None, limit: int
) -> list[TradingSignal]:
    """Newest first, ids below `before`."""
    query = select(TradingSignal).where(TradingSignal.account_id.in_(account_ids))
    if session_id is not None:
        query = query.where(TradingSignal.session_id == session_id)
    if before is not None:
        query = query.where(TradingSignal.id < before)
    return list(await session.scalars(query.order_by(TradingSignal.id.desc()).limit(limit)))
