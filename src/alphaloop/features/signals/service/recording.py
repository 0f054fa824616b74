"""Recording signals once and saying what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.core.signal import Desired, Direction, SignalStatus
from alphaloop.features.signals.models import TradingSignal
from alphaloop.features.signals.rules import SignalType
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
    signal = TradingSignal(
        user_id=origin.user_id,
        account_id=origin.account_id,
        session_id=origin.session_id,
        strategy_key=origin.strategy_key,
        instrument=origin.instrument,
        timeframe=origin.timeframe,
        episode=desired.episode,
        signal_type=SignalType.EXIT if target == 0 else SignalType.ENTRY,
        direction=direction_of(target),
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
    order_id: int | None = None,
) -> None:
    """Say what became of a session's signal and announce it, in the transaction that recorded it. With its order it
    follows what becomes of that."""
    signal.signal_status = status
    signal.order_id = order_id or signal.order_id
    signal.validation_errors = errors or []
    signal.position_size = quantity
    signal.updated_at = clock.now()
    if status is SignalStatus.EXECUTED:
        signal.executed_at = clock.now()
    await session.flush()
    await announce_fired(session, signal, clock)


async def announce_fired(session: WriteSession, signal: TradingSignal, clock: Clock) -> None:
    """Tell of a signal for the first time."""
    payload = SignalView.model_validate(signal).model_dump(mode="json")
    await announce(session, Event("signals.signal_fired", payload, signal.user_id, signal.account_id), at=clock.now())


async def move_signal(
    session: WriteSession,
    signal: TradingSignal,
    status: SignalStatus,
    *,
    clock: Clock,
    errors: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Move a signal that was told of before to another status, and tell of that."""
    signal.signal_status, signal.validation_errors, signal.updated_at = status, list(errors), clock.now()
    if status is SignalStatus.EXECUTED:
        signal.executed_at = clock.now()
    await session.flush()
    payload = SignalView.model_validate(signal).model_dump(mode="json")
    await announce(session, Event("signals.signal_changed", payload, signal.user_id, signal.account_id), at=clock.now())


def direction_of(target: float) -> Direction:
    return Direction.FLAT if target == 0 else Direction.LONG if target > 0 else Direction.SHORT
