"""Runs of strategies: asking for one, gathering what its child process needs, and keeping what it found."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from alphaloop.core.bar import Timeframe, parse_timeframe
from alphaloop.core.clock import Clock, from_ms
from alphaloop.core.errors import AlphaLoopError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import ceil_step, floor_step
from alphaloop.core.signal import Direction, SignalStatus, Sizing
from alphaloop.engine.convert import to_decimal
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.audit import service as audit
from alphaloop.features.catalog import service as catalog
from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.schemas import RiskProfile, RunTarget
from alphaloop.features.market import service as market
from alphaloop.features.market.models import StoredMode
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.signals import repository, rules
from alphaloop.features.signals.models import RunStatus, StrategyRun, TradingSignal, Trigger
from alphaloop.features.signals.schemas import RunAsked, RunView
from alphaloop.features.signals.service.reading import seen_until_ms
from alphaloop.features.signals.service.recording import announce_fired, direction_of
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import SYSTEM, Actor
from alphaloop.infra.jobs.local import enqueue, refuse_many
from alphaloop.infra.outbox import announce

RUN_JOB = "signals.run"
WAITING = 20


async def start_run(session: WriteSession, actor: Actor, named: str, asked: RunAsked, *, clock: Clock) -> StrategyRun:
    """Queue a run of a strategy for one of this person's accounts.

    NotFoundError for an unknown strategy, account or instrument, ConflictError 'strategy_off' or 'runs_waiting'.
    Whether the strategy can be run over these bars is judged by the run."""
    actor.require("backtest.run")
    if asked.auto_execute:
        actor.require("order.place")
    account = await accounts.get_account(session, actor, asked.account_id)
    row = await catalog.get_strategy(session, actor, named)
    await catalog.must_be_on(session, row)
    symbols = await catalog.symbols_of(session, asked.instruments)
    await refuse_many(session, RUN_JOB, owner_id=actor.person, most=WAITING)
    args: dict[str, Any] = {}
    job_id = await enqueue(session, clock, RUN_JOB, args, owner_id=actor.person)
    assert job_id is not None  # only jobs of a period can exist already
    target = RunTarget(account_id=account.id, instruments=symbols, timeframe=asked.timeframe)
    run = await _add_run(session, row, job_id, Trigger.MANUAL, target, asked, user_id=actor.person, clock=clock)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="signals.run_asked",
        resource_type="strategy_run",
        resource_id=run.id,
        account_id=account.id,
        after={"strategy": row.key, "instruments": symbols, "timeframe": asked.timeframe.value},
    )
    return run


async def _add_run(
    session: WriteSession,
    row: StrategyRow,
    job_id: int,
    trigger: Trigger,
    target: RunTarget,
    asked: RunAsked | None,
    *,
    user_id: int,
    clock: Clock,
) -> StrategyRun:
    run = StrategyRun(
        strategy_id=row.id,
        user_id=user_id,
        account_id=target.account_id,
        job_id=job_id,
        trigger=trigger,
        run_status=RunStatus.PENDING,
        params={**row.params, **(asked.params if asked is not None else {})},
        instruments=list(target.instruments),
        timeframe=target.timeframe.value,
        # What a schedule finds is meant to be traded; whether it is, the other switches say.
        auto_execute=asked.auto_execute if asked is not None else True,
        signal_count=0,
        created_at=clock.now(),
    )
    session.add(run)
    await session.flush()
    return run


async def begin_run(session: WriteSession, job_id: int, args: Mapping[str, Any], *, clock: Clock) -> StrategyRun | None:
    """The run of a job, RUNNING from here on; a schedule's comes into being here. One that was COMPLETED before stays
    so, and one that failed is None."""
    run = await repository.find_run(session, job_id=job_id)
    if run is None:
        row = await catalog.get_strategy(session, SYSTEM, str(args["strategy_id"]))
        target = RunTarget.model_validate(args["target"])
        user_id = int(args["user_id"])
        run = await _add_run(session, row, job_id, Trigger.SCHEDULE, target, None, user_id=user_id, clock=clock)
    if run.run_status == RunStatus.FAILED:
        return None
    if run.run_status == RunStatus.COMPLETED:
        return run
    run.run_status, run.started_at = RunStatus.RUNNING, clock.now()
    await session.flush()
    return run


async def arguments_of(session: ReadSession, run_id: int, *, clock: Clock) -> dict[str, Any]:
    """What the child process needs of a run, as values it can be sent.

    An account on a replay sees nothing that its own time does not know."""
    run = await repository.find_run(session, id=run_id)
    if run is None:
        raise NotFoundError("There is no such run.", code="run_not_found")
    row = await catalog.get_strategy(session, SYSTEM, str(run.strategy_id))
    await catalog.must_be_on(session, row)
    account = await accounts.get_account(session, SYSTEM, run.account_id)
    section = await market.cross_section(session, run.instruments, parse_timeframe(run.timeframe))
    for key in section.keys:
        _ = key.origin
    traded = {key.held_as for key in section.keys} <= {StoredMode.RAW}
    return {
        "strategy": row.runs_as,
        "params": run.params,
        "keys": section.keys,
        "as_of_ms": await seen_until_ms(session, account, clock),
        # Prices that were adjusted for an ex-date have it in them already.
        "passed": {key.symbol: [(one.day, one.terms) for one in key.ex_dates] for key in section.keys if traded},
    }


async def keep_signals(
    session: WriteSession, run_id: int, intents: Sequence[Mapping[str, Any]], *, clock: Clock
) -> list[TradingSignal]:
    """Save what a run found and end it; returns the new signals. A bar looked at twice brings nothing twice."""
    run = await repository.find_run(session, id=run_id)
    assert run is not None
    row = await catalog.get_strategy(session, SYSTEM, str(run.strategy_id))
    # Runs of one account take turns: two that insert the same episode at once would wait for each other.
    await accounts.lock_account(session, run.account_id)
    account = await accounts.get_account(session, SYSTEM, run.account_id)
    wins, measured = await _record(session, row, account)
    fresh = []
    for intent in intents:
        values = await _values(session, run, row, account, intent, wins=wins, measured=measured, clock=clock)
        signal = None if values is None else await repository.add_signal(session, values)
        if signal is not None:
            await announce_fired(session, signal, clock)
            fresh.append(signal)
    run.run_status, run.finished_at, run.signal_count = RunStatus.COMPLETED, clock.now(), len(fresh)
    await catalog.note_run(session, row.id, signals=len(fresh), clock=clock)
    await _tell(session, run, clock)
    return fresh


async def fail_run(session: WriteSession, run_id: int, error: AlphaLoopError, *, clock: Clock) -> None:
    """End a run that could not be done, and say why."""
    run = await repository.find_run(session, id=run_id)
    if run is not None and run.run_status not in (RunStatus.COMPLETED, RunStatus.FAILED):
        run.run_status, run.finished_at = RunStatus.FAILED, clock.now()
        fields = [{"field": field, "code": code} for field, code in error.fields]
        run.error = {"code": error.code, "message": error.message, "detail": fields}
        await _tell(session, run, clock)


async def _tell(session: WriteSession, run: StrategyRun, clock: Clock) -> None:
    await session.flush()
    payload = RunView.model_validate(run).model_dump(mode="json")
    await announce(session, Event("signals.run_ended", payload, run.user_id, run.account_id), at=clock.now())


async def _record(session: ReadSession, row: StrategyRow, account: Account) -> tuple[int, int]:
    """(signals of this strategy for this person that gained, how many ended)."""
    theirs = (TradingSignal.strategy_key == row.key) & (TradingSignal.user_id == account.user_id)
    ended = await repository.ended(session, theirs)
    return sum((one.outcome or 0) > 0 for one in ended), len(ended)


async def _values(
    session: ReadSession,
    run: StrategyRun,
    row: StrategyRow,
    account: Account,
    intent: Mapping[str, Any],
    *,
    wins: int,
    measured: int,
    clock: Clock,
) -> dict[str, Any] | None:
    """The columns of a signal, scored; None for a way out of nothing."""
    instrument = await market.get_instrument(session, intent["instrument"])
    direction = direction_of(intent["target"])
    if direction is Direction.FLAT:
        held = await positions.find_position(session, account.id, instrument.symbol)
        if held is None or held.quantity == 0:
            return None
    profile, entry = RiskProfile.model_validate(row.risk_profile), intent["price"]
    stop = _stop(intent, direction, profile)
    day = await risk.trading_day(session, account, instrument, now_ms=intent["close_ms"])
    sizing = Sizing(intent["sizing"])
    cap = profile.max_position_pct or rules.POSITION_PCT
    weight = rules.weight_of(intent["target"], sizing, entry=entry, stop=stop, cap=cap)
    late_bars = profile.late_bars or rules.LATE_BARS
    late = rules.is_late(intent["target"], intent["age"], late_bars)
    expires = _expiry(instrument, run.timeframe, intent, late_bars) if direction is not Direction.FLAT else None
    levels = {"stop": stop, "take": intent["take"], "trail": intent["trail"]}
    return {
        "user_id": account.user_id,
        "account_id": account.id,
        "session_id": None,
        "strategy_id": row.id,
        "strategy_run_id": run.id,
        "strategy_key": row.key,
        "instrument": instrument.symbol,
        "timeframe": run.timeframe,
        "episode": intent["episode"],
        "signal_type": rules.SignalType.EXIT if direction is Direction.FLAT else rules.SignalType.ENTRY,
        "direction": direction,
        "target": intent["target"],
        "sizing": sizing,
        "weight": weight,
        "signal_strength": rules.strength_of(intent["strength"], intent["target"], sizing),
        "confidence": rules.confidence_of(wins, measured),
        "risk_score": rules.risk_score(weight, entry=entry, stop=stop, volatility=intent["volatility"]),
        "rr_ratio": rules.rr_ratio(entry, stop, intent["take"]),
        "win_rate": wins / measured if measured else None,
        "factors": intent["factors"] | {"volatility": intent["volatility"]},
        "signal_metadata": {"age": intent["age"], "trail": intent["trail"], "group": intent["group"]}
        | {"version": row.version},
        "entry_price": to_decimal(entry, field="price"),
        "stop_loss": on_grid(levels["stop"], direction, day.rules, down_if_long=True),
        "take_profit": on_grid(levels["take"], direction, day.rules, down_if_long=False),
        "reason": intent["reason"][:128],
        "signal_status": SignalStatus.EXPIRED if late else SignalStatus.PENDING,
        "validation_errors": [{"step": -1, "code": "late_entry"}] if late else [],
        "auto_execute": run.auto_execute,
        "ts_ms": intent["ts_ms"],
        "created_at": clock.now(),
        "updated_at": clock.now(),
        "expires_at": expires,
    }


def _stop(intent: Mapping[str, Any], direction: Direction, profile: RiskProfile) -> float | None:
    """The strategy's own stop, else the one that its risk profile asks for."""
    if intent["stop"] is not None or direction is Direction.FLAT or profile.stop_loss_pct is None:
        found: float | None = intent["stop"]
        return found
    away = profile.stop_loss_pct if direction is Direction.LONG else -profile.stop_loss_pct
    return float(intent["price"]) * (1 - away)


def on_grid(level: float | None, direction: Direction, rules_of_day: Any, *, down_if_long: bool) -> Decimal | None:
    """A level on the price grid, rounded away from the position so that it does not come sooner than asked."""
    if level is None or level <= 0:
        return None
    price = to_decimal(level, field="level")
    rounded = floor_step if (direction is Direction.LONG) == down_if_long else ceil_step
    return rounded(price, rules_of_day.tick_at(price))


def _expiry(instrument: Instrument, timeframe: str, intent: Mapping[str, Any], late_bars: int) -> Any:
    from alphaloop.core.calendar import find_calendar

    left = max(late_bars - intent["age"], 0)
    calendar = find_calendar(instrument.calendar)
    return from_ms(rules.expiry_ms(calendar, Timeframe(timeframe), intent["close_ms"], left))
