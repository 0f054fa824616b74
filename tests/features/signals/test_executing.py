"""From a signal to one order: sized, judged with reasons, placed once, and followed to its end."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from alphaloop.core.clock import ManualClock, to_ms
from alphaloop.core.errors import AlphaLoopError
from alphaloop.core.signal import SignalStatus
from alphaloop.engine.risk import Limits
from alphaloop.features.accounts.models import Account
from alphaloop.features.signals import listeners, service
from alphaloop.features.signals.models import TradingSignal
from alphaloop.infra.db import Database
from alphaloop.infra.outbox import Dispatcher, Listener, OutboxRow
from tests.builders import CEILING, START_MS, STEP_MS, add_person, bar
from tests.features.signals.conftest import ROOMY, Floor, intent, open_floor


async def execute(floor: Floor, signal_id: int) -> TradingSignal:
    async with floor.db.write() as session:
        return await service.execute_signal(
            session, floor.desk.actor, signal_id, ceiling=CEILING, clock=floor.desk.clock
        )


async def deliver(floor: Floor) -> None:
    async def nobody(_: Any) -> None:
        return None

    told: dict[str, list[Listener]] = {name: [one] for name, one in listeners.LISTENERS.items()}
    await Dispatcher(floor.db, floor.desk.clock, told, nobody).drain()


async def announced(floor: Floor, name: str) -> list[dict[str, Any]]:
    async with floor.db.read() as session:
        found = await session.scalars(select(OutboxRow.payload).where(OutboxRow.name == name).order_by(OutboxRow.id))
        return list(found)


async def test_a_signal_is_scored_told_of_and_fires_once(floor: Floor) -> None:
    [signal] = await floor.fire(intent())
    assert (signal.direction, signal.signal_type, signal.signal_status) == ("LONG", "ENTRY", "PENDING")
    assert (signal.weight, signal.signal_strength, signal.confidence, signal.rr_ratio) == (0.5, 0.5, 0.5, 2.0)
    assert signal.factors == {"short_reversal": -0.02, "volatility": 0.01}
    assert signal.risk_score == 1.0  # half of the equity, five per cent to the stop: 2.5 % of it
    assert (signal.stop_loss, signal.take_profit) == (Decimal(95), Decimal(110))
    assert signal.expires_at is not None
    assert to_ms(signal.expires_at) == START_MS + 4 * STEP_MS  # three bars after the close
    assert await floor.fire(intent()) == []
    [other] = await floor.fire(intent(episode=START_MS + 1))
    assert [one["id"] for one in await announced(floor, "signals.signal_fired")] == [str(signal.id), str(other.id)]
    ended = await announced(floor, "signals.run_ended")
    assert [(one["status"], one["signal_count"]) for one in ended] == [
        ("COMPLETED", 1),
        ("COMPLETED", 0),
        ("COMPLETED", 1),
    ]


async def test_a_way_out_of_nothing_is_no_signal_and_a_late_entry_is_one_that_expired(floor: Floor) -> None:
    assert await floor.fire(intent(target=0.0, stop=None, take=None)) == []
    [late] = await floor.fire(intent(age=3))
    assert (late.signal_status, late.validation_errors) == ("EXPIRED", [{"step": -1, "code": "late_entry"}])


async def test_executing_twice_places_one_order(floor: Floor) -> None:
    [signal] = await floor.fire(intent())
    first, again = await execute(floor, signal.id), await execute(floor, signal.id)
    assert (first.signal_status, again.order_id) == ("EXECUTED", first.order_id)
    entry, stop, take = await floor.desk.orders()
    assert (entry.id, entry.signal_id, entry.role) == (first.order_id, signal.id, "ENTRY")
    assert entry.quantity == first.position_size == Decimal("49.95")  # half of 10 000 at 100.1 with the fee, by lots
    assert {stop.stop_price, take.price} == {Decimal(95), Decimal(110)}


@pytest.mark.database
async def test_eight_executions_at_once_place_one_order(db: Database, clock: ManualClock) -> None:
    floor = await open_floor(db, clock)
    [signal] = await floor.fire(intent())
    done = await asyncio.gather(*(execute(floor, signal.id) for _ in range(8)))
    assert len({one.order_id for one in done}) == 1
    assert len([one for one in await floor.desk.orders() if one.parent_id is None]) == 1


@pytest.mark.database
async def test_a_bar_looked_at_by_eight_runs_at_once_fires_once(db: Database, clock: ManualClock) -> None:
    floor = await open_floor(db, clock)
    found = await asyncio.gather(*(floor.fire(intent()) for _ in range(8)))
    assert sum(len(one) for one in found) == 1


async def test_a_signal_is_judged_by_the_pipeline_without_placing_anything(floor: Floor) -> None:
    [signal] = await floor.fire(intent())
    async with floor.db.write() as session:
        judged = await service.validate_signal(
            session, floor.desk.actor, signal.id, ceiling=CEILING, clock=floor.desk.clock
        )
    assert (judged.signal_status, judged.validation_errors) == ("VALIDATED", [])
    await floor.desk.set_limits(Limits(max_orders_per_minute=100, max_single_order_pct=Decimal("0.1")))
    async with floor.db.write() as session:
        judged = await service.validate_signal(
            session, floor.desk.actor, signal.id, ceiling=CEILING, clock=floor.desk.clock
        )
    [reason] = judged.validation_errors
    assert (judged.signal_status, reason["step"], reason["code"]) == ("PENDING", 6, "single_order_pct")
    assert reason["limit"] == "0.1"
    assert await floor.desk.orders() == []


async def test_a_refusal_that_waiting_may_mend_leaves_the_signal_open(floor: Floor) -> None:
    [signal] = await floor.fire(intent())
    await floor.desk.set_limits(Limits(max_orders_per_minute=100, max_single_order_pct=Decimal("0.1")))
    refused = await execute(floor, signal.id)
    assert (refused.signal_status, refused.validation_errors[0]["code"]) == ("PENDING", "single_order_pct")
    await floor.desk.set_limits(ROOMY)
    assert (await execute(floor, signal.id)).signal_status == "EXECUTED"


LATE: list[tuple[dict[str, Any], int, str, str]] = [
    ({}, 102, "price_drifted", "REJECTED"),
    ({}, 94, "stop_passed", "REJECTED"),
    ({}, 110, "take_reached", "REJECTED"),
    ({"trail": 2.0}, 100, "trail_not_supported", "REJECTED"),
    ({"group": 0}, 100, "legs_together", "REJECTED"),
    ({"target": 0.0000001}, 100, "nothing_to_order", "PENDING"),
    # A spot coin cannot be sold short.
    ({"target": -0.5, "stop": 105.0, "take": 90.0}, 100, "nothing_to_order", "PENDING"),
]


async def test_what_comes_too_late_or_cannot_be_ordered_says_why(floor: Floor) -> None:
    for n, (changes, seen, code, status) in enumerate(LATE, start=1):
        ts = START_MS + n * STEP_MS
        [signal] = await floor.fire(intent(episode=ts, ts_ms=ts, close_ms=ts + STEP_MS, **changes))
        await floor.desk.mark(bar(n, open=seen))
        done = await execute(floor, signal.id)
        assert (done.signal_status, done.validation_errors[0]["code"]) == (status, code)
        if status == "REJECTED":
            with pytest.raises(AlphaLoopError) as over:
                await execute(floor, signal.id)
            assert over.value.code == "signal_ended"
    assert await floor.desk.orders() == []


async def test_entries_expire_by_the_accounts_own_time_and_ways_out_never_do(floor: Floor) -> None:
    [signal] = await floor.fire(intent())
    for n, gone in ((2, 0), (3, 1), (4, 0)):
        await floor.desk.mark(bar(n, open=100))
        async with floor.db.write() as session:
            done = await service.expire_signals(session, floor.desk.account.id, clock=floor.desk.clock)
        assert done == gone, n
    assert (await floor.signal(signal.id)).signal_status == "EXPIRED"
    await floor.fire(intent(episode=START_MS + 2, ts_ms=START_MS + 4 * STEP_MS, close_ms=START_MS + 5 * STEP_MS))


async def test_what_a_strategy_may_risk_binds_its_signals(floor: Floor) -> None:
    await floor.profile(max_position_pct=0.1, stop_loss_pct=0.02, late_bars=1)
    [signal] = await floor.fire(intent(stop=None))
    assert (signal.weight, signal.stop_loss) == (0.1, Decimal(98))
    assert signal.expires_at is not None
    assert to_ms(signal.expires_at) == START_MS + 2 * STEP_MS
    assert (await execute(floor, signal.id)).position_size == Decimal("9.99")


async def test_a_strategy_that_says_nothing_of_risk_holds_fifteen_per_cent_at_most(floor: Floor) -> None:
    await floor.profile()
    [signal] = await floor.fire(intent(target=1.0))
    assert signal.weight == 0.15
    assert (await execute(floor, signal.id)).position_size == Decimal("14.985")  # 15 at 100.1 with the fee
    [risked] = await floor.fire(intent(target=1.0, sizing="RISK", stop=90.0, episode=START_MS + 1))
    assert risked.weight == pytest.approx(0.1)  # one per cent of equity over ten per cent to the stop
    [blind] = await floor.fire(intent(target=1.0, sizing="RISK", stop=None, episode=START_MS + 2))
    assert (await execute(floor, blind.id)).validation_errors[0]["code"] == "nothing_to_order"


async def test_by_hand_a_signal_becomes_a_ticket_with_the_price_it_was_meant_at(floor: Floor) -> None:
    async with floor.db.write() as session:
        await session.execute(update(Account).values(venue="manual", trading_mode="DRY_RUN", replay_id=None))
    now_ms = to_ms(floor.desk.clock.now())
    [signal] = await floor.fire(intent(ts_ms=now_ms, close_ms=now_ms, price=100.004))
    done = await execute(floor, signal.id)
    assert (done.signal_status, done.validation_errors) == ("EXECUTED", [])
    [ticket, *_] = await floor.desk.orders()
    assert (ticket.type, ticket.price, ticket.venue) == ("LIMIT", Decimal(100), "manual")


async def test_a_way_out_closes_the_position_and_takes_its_guards_along(floor: Floor) -> None:
    [entry] = await floor.fire(intent())
    await execute(floor, entry.id)
    await floor.desk.work()
    await floor.desk.turn(bar(1, open=100))
    held = await floor.desk.position()
    assert held is not None
    [out] = await floor.fire(intent(target=0.0, stop=None, take=None, episode=START_MS + 9))
    assert (out.direction, out.signal_type, out.expires_at, out.signal_strength) == ("FLAT", "EXIT", None, 1.0)
    done = await execute(floor, out.id)
    assert done.position_size == held.quantity
    await floor.desk.work()
    await floor.desk.turn(bar(2, open=100))
    closed = await floor.desk.position()
    assert closed is None or closed.quantity == 0
    assert await floor.desk.violations() == []


async def test_a_signal_follows_its_order(floor: Floor) -> None:
    [first] = await floor.fire(intent())
    done = await execute(floor, first.id)
    assert done.order_id is not None
    await floor.desk.cancel(done.order_id)
    await floor.desk.work()
    await deliver(floor)
    ended = await floor.signal(first.id)
    assert (ended.signal_status, ended.validation_errors) == ("CANCELLED", [{"step": -1, "code": "requested"}])
    [second] = await floor.fire(intent(episode=START_MS + 5, target=0.3))
    await execute(floor, second.id)
    await floor.desk.work()
    await floor.desk.turn(bar(1, open=100))
    await deliver(floor)
    assert (await floor.signal(second.id)).signal_status == "EXECUTED"
    changed = await announced(floor, "signals.signal_changed")
    assert [one["status"] for one in changed] == ["EXECUTED", "CANCELLED", "EXECUTED"]


async def test_a_cancelled_signal_is_over(floor: Floor) -> None:
    [signal] = await floor.fire(intent())
    async with floor.db.write() as session:
        await service.cancel_signal(session, floor.desk.actor, signal.id, clock=floor.desk.clock)
    with pytest.raises(AlphaLoopError) as over:
        await execute(floor, signal.id)
    assert over.value.code == "signal_ended"


async def test_a_batch_lets_the_agreement_decide_and_one_refusal_holds_up_nobody(floor: Floor) -> None:
    [heavy] = await floor.fire(intent(target=0.6))
    [light] = await floor.fire(intent(target=-0.2, stop=105.0, take=90.0, episode=START_MS + 1))
    [gone] = await floor.fire(intent(age=5, episode=START_MS + 2))
    async with floor.db.write() as session:
        done = await service.execute_batch(
            session, floor.desk.actor, [gone.id, light.id, heavy.id], ceiling=CEILING, clock=floor.desk.clock
        )
    assert [(one.signal.id, one.code) for one in done] == [
        (gone.id, "signal_ended"),
        (light.id, "outvoted"),
        (heavy.id, None),
    ]
    assert (await floor.signal(light.id)).signal_status == "REJECTED"
    assert len([one for one in await floor.desk.orders() if one.parent_id is None]) == 1


async def test_somebody_elses_signal_is_no_signal(floor: Floor) -> None:
    [signal] = await floor.fire(intent())
    stranger = await add_person(floor.db, floor.desk.clock, "other")
    async with floor.db.write() as session:
        with pytest.raises(AlphaLoopError) as refused:
            await service.execute_signal(session, stranger, signal.id, ceiling=CEILING, clock=floor.desk.clock)
    assert refused.value.code == "signal_not_found"
    assert SignalStatus((await floor.signal(signal.id)).signal_status) is SignalStatus.PENDING
