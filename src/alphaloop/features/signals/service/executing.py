"""From a signal to an order: judged by the same pipeline that will judge the order, and placed once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.core.errors import AlphaLoopError, ConflictError, InvalidError
from alphaloop.core.money import plain
from alphaloop.core.signal import SignalStatus
from alphaloop.features.accounts import service as accounts
from alphaloop.features.audit import service as audit
from alphaloop.features.orders import service as orders
from alphaloop.features.risk.service import Ceiling
from alphaloop.features.signals import rules
from alphaloop.features.signals.models import TradingSignal
from alphaloop.features.signals.repository import OPEN
from alphaloop.features.signals.service.planning import judge, plan_order, refusal, told
from alphaloop.features.signals.service.reading import get_signal, vote_of
from alphaloop.features.signals.service.recording import move_signal
from alphaloop.infra.db import WriteSession
from alphaloop.infra.identity import Actor

# What no waiting mends: a signal refused for one of these is over, any other refusal leaves it open until it expires.
FINAL = frozenset({"stop_passed", "take_reached", "price_drifted", "trail_not_supported", "legs_together"})


async def validate_signal(
    session: WriteSession, actor: Actor, signal_id: int, *, ceiling: Ceiling, clock: Clock
) -> TradingSignal:
    """Judge a signal without placing anything: VALIDATED, or PENDING with the reasons."""
    actor.require("order.read")
    signal = await _open(session, actor, signal_id)
    account = await accounts.get_account(session, actor, signal.account_id)
    errors = await judge(session, account, signal, ceiling=ceiling, clock=clock)
    signal.validated_at = clock.now()
    status = SignalStatus.PENDING if errors else SignalStatus.VALIDATED
    await move_signal(session, signal, status, clock=clock, errors=errors)
    return signal


async def execute_signal(
    session: WriteSession, actor: Actor, signal_id: int, *, ceiling: Ceiling, clock: Clock
) -> TradingSignal:
    """Place the order of a signal; one that is executed already comes back as it is. A refusal is kept on the signal,
    which stays open where waiting may mend it."""
    actor.require("order.place")
    signal = await get_signal(session, actor, signal_id, lock=True)
    if signal.signal_status == SignalStatus.EXECUTED:
        return signal
    _must_be_open(signal)
    account = await accounts.get_account(session, actor, signal.account_id)
    # Everybody takes the account's turn before the price is looked at, so that the second one sees the first's order.
    await accounts.lock_account(session, account.id)
    plan = await plan_order(session, account, signal, clock=clock)
    if plan.request is None:
        await _refuse(session, signal, plan.errors, clock)
        return signal
    try:
        async with session.begin_nested():
            await orders.request_cancels(session, plan.guards, clock=clock)
            [done] = await orders.submit_many(session, actor, account, [plan.request], ceiling=ceiling, clock=clock)
    except InvalidError as error:
        await _refuse(session, signal, [{"step": 3, "code": code} for _, code in error.fields], clock)
        return signal
    if done.order is None:
        failure = done.verdict.failure if done.verdict is not None else None
        await _refuse(session, signal, [] if failure is None else [told(failure)], clock)
        return signal
    signal.order_id, signal.position_size, signal.validated_at = done.order.id, done.order.quantity, clock.now()
    await move_signal(session, signal, SignalStatus.EXECUTED, clock=clock)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="signals.signal_executed",
        resource_type="signal",
        resource_id=signal.id,
        account_id=account.id,
        after={"order_id": str(done.order.id), "quantity": plain(done.order.quantity)},
    )
    return signal


async def _refuse(session: WriteSession, signal: TradingSignal, errors: list[dict[str, Any]], clock: Clock) -> None:
    codes = {one["code"] for one in errors}
    status = SignalStatus.PENDING
    if "signal_expired" in codes:
        status = SignalStatus.EXPIRED
    elif codes & FINAL:
        status = SignalStatus.REJECTED
    signal.validated_at = clock.now()
    await move_signal(session, signal, status, clock=clock, errors=errors)


async def cancel_signal(session: WriteSession, actor: Actor, signal_id: int, *, clock: Clock) -> TradingSignal:
    """Let a signal be; its order, where it has one, is cancelled as an order."""
    actor.require("order.place")
    signal = await _open(session, actor, signal_id)
    await move_signal(session, signal, SignalStatus.CANCELLED, clock=clock)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="signals.signal_cancelled",
        resource_type="signal",
        resource_id=signal.id,
        account_id=signal.account_id,
    )
    return signal


async def _open(session: WriteSession, actor: Actor, signal_id: int) -> TradingSignal:
    signal = await get_signal(session, actor, signal_id, lock=True)
    _must_be_open(signal)
    return signal


def _must_be_open(signal: TradingSignal) -> None:
    if signal.signal_status not in OPEN:
        raise ConflictError("This signal is over.", code="signal_ended")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one signal of a batch; `code` where the batch itself kept it back, or the request was refused."""

    signal: TradingSignal
    code: str | None = None


async def execute_batch(
    session: WriteSession, actor: Actor, ids: Sequence[int], *, ceiling: Ceiling, clock: Clock
) -> list[Done]:
    """Execute many signals, those of one account in the order given, account by account.

    Of signals on one instrument of one account that want different things, those that the agreement (`rules.agree`)
    goes against are rejected; one refusal holds up none of the others."""
    actor.require("order.place")
    if not 1 <= len(ids) <= 100 or len(set(ids)) != len(ids):
        raise InvalidError("Between 1 and 100 different signals can be executed together.", code="bad_batch")
    found = {one: await get_signal(session, actor, one, lock=True) for one in sorted(ids)}
    against = _against([found[one] for one in ids])
    done: dict[int, Done] = {}
    # Every batch takes its accounts in the same order, so that two of them never wait for each other.
    for one in sorted(ids, key=lambda one: found[one].account_id):
        signal, code = found[one], against.get(one)
        if code is not None and signal.signal_status in OPEN:
            await move_signal(session, signal, SignalStatus.REJECTED, clock=clock, errors=refusal(code))
            done[one] = Done(signal, code)
            continue
        try:
            signal = await execute_signal(session, actor, one, ceiling=ceiling, clock=clock)
        except AlphaLoopError as error:
            done[one] = Done(signal, error.code)
            continue
        errors = signal.validation_errors
        done[one] = Done(signal, errors[0]["code"] if errors else None)
    return [done[one] for one in ids]


def _against(signals: Sequence[TradingSignal]) -> dict[int, str]:
    """Signals that the others on the same instrument of the same account outweigh, and how."""
    groups: dict[tuple[int, str], list[TradingSignal]] = defaultdict(list)
    for signal in signals:
        if signal.signal_status in OPEN:
            groups[signal.account_id, signal.instrument].append(signal)
    found: dict[int, str] = {}
    for group in groups.values():
        if len({one.direction for one in group}) > 1:
            verdict = rules.agree([vote_of(one) for one in group])
            found |= dict.fromkeys(verdict.against, verdict.reason)
    return found
