"""Submitting, refusing, holding, cancelling and closing, over a real database and the real paper venue."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import AlphaLoopError, ConflictError, HaltedError, InvalidError, NotFoundError
from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.order import OrderSide, OrderStatus, OrderType
from alphaloop.engine.risk import Limits
from alphaloop.features.ledger.models import LedgerHold
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.models import RateEvent, RiskLog
from alphaloop.infra.db import Database
from alphaloop.infra.identity import Actor
from tests.builders import BTC, BTC_PERP, CEILING, D, Desk, add_person, bar, open_desk, wish

pytestmark = pytest.mark.database


@pytest.fixture
async def desk(db: Database, clock: ManualClock) -> Desk:
    return await open_desk(db, clock)


async def count(desk: Desk, model: type) -> int:
    async with desk.db.read() as session:
        return int(await session.scalar(select(func.count()).select_from(model)) or 0)


async def close(desk: Desk, key: str | None = None) -> OrderRow:
    async with desk.db.write() as session:
        return await orders.close_position(
            session, desk.actor, desk.account, BTC.symbol, ceiling=CEILING, clock=desk.clock, idempotency_key=key
        )


async def expected_hold(desk: Desk) -> Decimal:
    """Sum over working buys of what the rest of each may cost."""
    total = ZERO
    for row in await desk.orders():
        if OrderStatus(row.status).working and row.side == OrderSide.BUY and not row.reduce_only:
            assert row.hold_price is not None
            left = EXACT.subtract(row.quantity, row.filled_quantity)
            total = EXACT.add(total, left * row.hold_price * (1 + desk.account.fee_rate))
    return total


# ── Submitting ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_accepted_order_is_durable_held_and_named_before_anything_is_sent(desk: Desk) -> None:
    row = await desk.submit(wish(quantity=2))
    assert row.status == OrderStatus.INTENT
    assert row.client_order_id is not None
    assert row.client_order_id.startswith("al")
    assert await desk.venue.find_order(desk.account.id, row.client_order_id) is None
    assert (await desk.balances())["USDT"].locked == D(2) * 100 * D("1.02") * D("1.001")


async def test_it_is_sent_worked_filled_and_booked(desk: Desk) -> None:
    row = await desk.submit(wish(quantity=2))
    await desk.work()
    assert (await desk.order(row.id)).status == OrderStatus.LIVE
    await desk.turn(bar(1, open=101, close=103))
    after = await desk.order(row.id)
    assert (after.status, after.filled_quantity, after.average_price) == (OrderStatus.FILLED, D(2), D("101.02"))
    assert (await desk.balances())["USDT"].locked == 0
    assert len(await desk.fills()) == 1
    assert await desk.violations() == []


async def test_a_limit_below_the_market_waits_until_it_is_reached(desk: Desk) -> None:
    row = await desk.submit(wish(quantity=1, type="LIMIT", price="95"))
    await desk.work()
    await desk.turn(bar(1, open=100, low=96))
    assert (await desk.order(row.id)).status == OrderStatus.LIVE
    await desk.turn(bar(2, open=97, low="94.5"))
    after = await desk.order(row.id)
    assert (after.status, after.average_price) == (OrderStatus.FILLED, D(95))


async def test_holds_are_the_sum_of_what_working_buys_may_still_cost(desk: Desk) -> None:
    first = await desk.submit(wish(quantity=1))
    await desk.submit(wish(quantity=2, type="LIMIT", price="90"))
    await desk.submit(wish(quantity=1, type="STOP", stop_price="120"))
    assert (await desk.balances())["USDT"].locked == await expected_hold(desk)
    await desk.work()
    await desk.turn(bar(1, open=100))
    assert (await desk.order(first.id)).status == OrderStatus.FILLED
    assert (await desk.balances())["USDT"].locked == await expected_hold(desk) > 0


async def test_a_sell_holds_the_asset(desk: Desk) -> None:
    await desk.submit(wish(quantity=2))
    await desk.work()
    await desk.turn(bar(1, open=100))
    await desk.submit(wish("SELL", "1.5", "LIMIT", price="110"))
    assert (await desk.balances())["BTC"].free == D("0.5")
    with pytest.raises(ConflictError) as refused:
        await desk.submit(wish("SELL", "0.6", "LIMIT", price="111"))
    assert refused.value.code == "risk_sellable_quantity"


WRONG: dict[str, tuple[NewOrderRequest, str]] = {
    "limit without price": (wish(type="LIMIT"), "price"),
    "market with price": (wish(price="100"), "price"),
    "stop without stop price": (wish(type="STOP"), "stop_price"),
    "off tick": (wish(type="LIMIT", price="100.001"), "price"),
    "off lot": (wish(quantity="0.0001"), "quantity"),
    "stop above take": (wish(stop_loss="110", take_profit="90"), "take_profit"),
    "short stop below take": (wish("SELL", stop_loss="90", take_profit="110"), "take_profit"),
    "protected reduction": (wish("SELL", reduce_only=True, stop_loss="90"), "stop_loss"),
    "stop loss off tick": (wish(stop_loss="90.001"), "stop_loss"),
}


@pytest.mark.parametrize(("request_", "field"), WRONG.values(), ids=list(WRONG))
async def test_a_malformed_order_names_its_field_and_leaves_nothing(
    desk: Desk, request_: NewOrderRequest, field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await desk.submit(request_)
    assert refused.value.code == "order_invalid"
    assert field in [name for name, _ in refused.value.fields]
    assert await count(desk, OrderRow) == await count(desk, LedgerHold) == await count(desk, RiskLog) == 0


# ── The same wish twice ─────────────────────────────────────────────────────────────────────────────────────────────


def keyed(key: str, body: str = "b", **more: Any) -> NewOrderRequest:
    return wish(idempotency_key=key, body_hash=body, **more)


async def test_a_retry_with_the_same_key_returns_the_first_order(desk: Desk) -> None:
    first = await desk.submit(keyed("k"))
    assert (await desk.submit(keyed("k"))).id == first.id
    assert len(await desk.orders()) == 1


async def test_a_retry_after_the_fill_still_returns_it(desk: Desk) -> None:
    first = await desk.submit(keyed("k"))
    await desk.work()
    await desk.turn(bar(1, open=100))
    again = await desk.submit(keyed("k"))
    assert (again.id, again.status) == (first.id, OrderStatus.FILLED)


async def test_the_key_of_an_order_with_protection_names_the_entry(desk: Desk) -> None:
    first = await desk.submit(keyed("k", stop_loss="90", take_profit="120"))
    assert (await desk.submit(keyed("k", stop_loss="90", take_profit="120"))).id == first.id
    assert len(await desk.orders()) == 3


async def test_the_same_key_with_another_body_is_a_conflict(desk: Desk) -> None:
    await desk.submit(keyed("k"))
    with pytest.raises(ConflictError) as refused:
        await desk.submit(keyed("k", "other"))
    assert refused.value.code == "idempotency_key_reused"


async def test_a_key_belongs_to_one_person(desk: Desk, db: Database, clock: ManualClock) -> None:
    first = await desk.submit(keyed("k"))
    other = await add_person(db, clock, "robin")
    from tests.builders import add_account

    account = await add_account(db, clock, other)
    async with db.write() as session:
        from alphaloop.features.positions import service as positions

        await positions.mark(session, account, bar(0, open=100), clock=clock)
        second = await orders.submit(session, other, account, keyed("k", quantity=1), ceiling=CEILING, clock=clock)
    assert second.id != first.id


async def test_of_32_identical_submits_exactly_one_makes_an_order(desk: Desk) -> None:
    done = await asyncio.gather(*(desk.submit(keyed("k")) for _ in range(32)), return_exceptions=True)
    ids = {one.id for one in done if isinstance(one, OrderRow)}
    assert len(ids) == 1
    assert all(isinstance(one, OrderRow) or getattr(one, "code", "") == "order_in_progress" for one in done)
    assert len(await desk.orders()) == 1
    assert await count(desk, RateEvent) == 1


async def test_a_strategys_wish_is_unique_by_session_episode_leg_and_seq(desk: Desk) -> None:
    first = await desk.try_submit(wish(session_id=1, episode=7))
    again = await desk.try_submit(wish(session_id=1, episode=7))
    other = await desk.try_submit(wish(session_id=1, episode=8))
    assert again.known
    assert first.order is not None
    assert again.order is not None
    assert other.order is not None
    assert first.order.id == again.order.id != other.order.id


async def test_a_close_that_is_retried_returns_the_first_close(desk: Desk) -> None:
    await desk.submit(wish())
    await desk.work()
    await desk.turn(bar(1, open=100))
    first = await close(desk, "c")
    await desk.work()
    assert (await close(desk, "c")).id == first.id
    await desk.turn(bar(2, open=100))
    assert (await close(desk, "c")).id == first.id
    with pytest.raises(NotFoundError):
        await close(desk, "d")


# ── Refusals ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def refused_by(desk: Desk, request: NewOrderRequest) -> str:
    """The code of a refusal, after checking that it left one log and nothing else."""
    before = [await count(desk, model) for model in (OrderRow, LedgerHold, RateEvent)]
    logs = await count(desk, RiskLog)
    done = await desk.try_submit(request)
    assert done.order is None
    assert done.verdict is not None
    assert await count(desk, RiskLog) == logs + 1
    assert [await count(desk, model) for model in (OrderRow, LedgerHold, RateEvent)] == before
    return done.verdict.code


async def test_refusals_leave_one_log_and_nothing_else(desk: Desk) -> None:
    await desk.set_limits(Limits(max_single_order_pct=D("0.2"), price_band_pct=D("0.1"), max_orders_per_minute=2))
    assert await refused_by(desk, wish(quantity=21)) == "single_order_pct"
    assert await refused_by(desk, wish(quantity=1, type="LIMIT", price="111.01")) == "price_band"
    assert await refused_by(desk, wish(quantity="0.001")) == "min_notional"
    assert await refused_by(desk, wish("SELL", 1)) == "sellable_quantity"
    await desk.submit(wish())
    await desk.submit(wish())
    assert await refused_by(desk, wish()) == "rate_per_minute"
    await desk.mark(bar(3, open=100))
    await desk.submit(wish())


async def test_more_than_the_money_is_refused(desk: Desk) -> None:
    assert await refused_by(desk, wish(quantity=100)) == "free_cash"
    await desk.submit(wish(quantity=50))
    assert await refused_by(desk, wish(quantity=50)) in ("free_cash", "single_position_pct")


async def test_an_account_that_knows_no_price_trades_nothing(db: Database, clock: ManualClock) -> None:
    desk = await open_desk(db, clock, marks=[])
    assert await refused_by(desk, wish()) == "no_fresh_price"


async def test_concurrent_orders_never_promise_more_than_there_is(desk: Desk) -> None:
    done = await asyncio.gather(*(desk.try_submit(wish(quantity=30)) for _ in range(16)))
    assert sum(one.order is not None for one in done) == 3
    assert (await desk.balances())["USDT"].free >= 0
    assert await desk.violations() == []


# ── Halting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def halt(desk: Desk, on: bool = True) -> None:
    async with desk.db.write() as session:
        await risk.set_halt(session, desk.actor, on=on, reason="", account_id=None, platform=False, clock=desk.clock)


async def test_a_halt_refuses_new_orders_and_stops_those_not_sent_yet(desk: Desk) -> None:
    waiting = await desk.submit(wish(stop_loss="90"))
    await halt(desk)
    with pytest.raises(HaltedError):
        await desk.submit(wish())
    await desk.work()
    after = await desk.orders()
    assert [row.status for row in after] == [OrderStatus.REJECTED, OrderStatus.CANCELLED]
    assert after[0].reason_code == "trading_halted"
    assert await desk.venue.find_order(desk.account.id, str(waiting.client_order_id)) is None
    assert (await desk.balances())["USDT"].locked == 0
    await halt(desk, on=False)
    await desk.submit(wish())


async def test_what_was_claimed_before_a_crash_does_not_leave_after_a_halt(desk: Desk) -> None:
    row = await desk.submit(wish())
    claimed = await desk.execution._claim(desk.account, row.id)
    assert claimed is not None
    await halt(desk)
    await desk.execution.recover(desk.account, now_ms=await desk.now_ms())
    after = await desk.order(row.id)
    assert (after.status, after.reason_code) == (OrderStatus.REJECTED, "trading_halted")
    assert await desk.venue.find_order(desk.account.id, str(row.client_order_id)) is None


async def test_a_position_can_be_closed_while_trading_is_halted(desk: Desk) -> None:
    await desk.submit(wish())
    await desk.work()
    await desk.turn(bar(1, open=100))
    await halt(desk)
    await close(desk)
    await desk.work()
    await desk.turn(bar(2, open=100))
    position = await desk.position()
    assert position is not None
    assert position.quantity == 0


async def test_only_an_operator_halts_the_platform(desk: Desk, db: Database, clock: ManualClock) -> None:
    async def stop_all(actor: Actor) -> None:
        async with db.write() as session:
            await risk.set_halt(
                session,
                actor,
                on=True,
                reason="",
                account_id=None,
                platform=True,
                clock=clock,
            )

    with pytest.raises(AlphaLoopError) as refused:
        await stop_all(desk.actor)
    assert refused.value.code == "permission_missing"
    await desk.submit(wish())
    await stop_all(await add_person(db, clock, "olga", role="admin"))
    with pytest.raises(HaltedError):
        await desk.submit(wish())


# ── Cancelling ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_order_not_sent_yet_is_cancelled_without_the_venue(desk: Desk) -> None:
    row = await desk.submit(wish(type="LIMIT", price="90", stop_loss="80"))
    await desk.cancel(row.id)
    await desk.work()
    assert [one.status for one in await desk.orders()] == [OrderStatus.CANCELLED] * 2
    assert await desk.venue.find_order(desk.account.id, str(row.client_order_id)) is None
    assert (await desk.balances())["USDT"].locked == 0


async def test_a_working_order_is_cancelled_at_the_venue_with_its_protection(desk: Desk) -> None:
    row = await desk.submit(wish(type="LIMIT", price="90", stop_loss="80", take_profit="120"))
    await desk.work()
    await desk.cancel(row.id)
    await desk.work()
    assert {one.status for one in await desk.orders()} == {OrderStatus.CANCELLED}
    assert await count(desk, LedgerHold) == 0
    await desk.turn(bar(1, open=85, low=70))
    assert await desk.fills() == []


async def test_cancelling_twice_is_one_cancel_and_an_ended_order_cannot_be_cancelled(desk: Desk) -> None:
    row = await desk.submit(wish(type="LIMIT", price="90"))
    await desk.cancel(row.id)
    assert (await desk.cancel(row.id)).cancel_requested
    await desk.work()
    with pytest.raises(ConflictError) as refused:
        await desk.cancel(row.id)
    assert refused.value.code == "order_ended"


async def test_a_cancel_that_comes_too_late_does_not_unfill(desk: Desk) -> None:
    row = await desk.submit(wish())
    await desk.work()
    await desk.cancel(row.id)
    await desk.venue.on_bar(desk.account.id, bar(1, open=100))
    await desk.work()
    after = await desk.order(row.id)
    assert (after.status, after.filled_quantity) == (OrderStatus.FILLED, D(1))
    assert await desk.violations() == []


async def test_somebody_elses_order_cannot_be_seen_or_cancelled(desk: Desk, db: Database, clock: ManualClock) -> None:
    row = await desk.submit(wish())
    robin = await add_person(db, clock, "robin")
    async with db.write() as session:
        with pytest.raises(NotFoundError):
            await orders.cancel_order(session, robin, row.id, clock=clock)
        with pytest.raises(NotFoundError):
            await orders.get_order(session, robin, row.id)
    assert not (await desk.order(row.id)).cancel_requested


# ── Protection ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def roles(desk: Desk) -> dict[str, str]:
    return {row.role: row.status for row in await desk.orders()}


async def protected(desk: Desk) -> None:
    await desk.submit(wish(stop_loss="90", take_profit="110"))
    await desk.work()
    await desk.turn(bar(1, open=100))


async def test_a_stop_that_fills_takes_its_partner_along(desk: Desk) -> None:
    await protected(desk)
    assert await roles(desk) == {"MANUAL": "FILLED", "STOP": "LIVE", "TAKE": "LIVE"}
    await desk.turn(bar(2, open=95, low=85))
    assert await roles(desk) == {"MANUAL": "FILLED", "STOP": "FILLED", "TAKE": "CANCELLED"}
    assert (await desk.balances())["BTC"].total == 0
    assert await desk.violations() == []


async def test_a_take_that_fills_takes_its_partner_along(desk: Desk) -> None:
    await protected(desk)
    await desk.turn(bar(2, open=105, high=112))
    assert await roles(desk) == {"MANUAL": "FILLED", "STOP": "CANCELLED", "TAKE": "FILLED"}


async def test_a_single_stop_guards_too_and_ends_with_a_manual_close(desk: Desk) -> None:
    await desk.submit(wish(stop_loss="90"))
    await desk.work()
    await desk.turn(bar(1, open=100))
    await close(desk)
    await desk.work()
    await desk.turn(bar(2, open=101))
    rows = await desk.orders()
    assert [row.status for row in rows] == ["FILLED", "CANCELLED", "FILLED"]
    await desk.turn(bar(3, open=80, low=70))
    assert len(await desk.fills()) == 2


async def test_protection_falls_with_an_entry_that_the_venue_refuses(desk: Desk) -> None:
    desk.venue._instruments.clear()
    await desk.submit(wish(stop_loss="90", take_profit="110"))
    await desk.work()
    rows = await desk.orders()
    assert [row.status for row in rows] == ["REJECTED", "CANCELLED", "CANCELLED"]
    assert rows[0].reason_code == "not_tradable_here"
    assert rows[1].reason_code == "entry_ended"
    assert await count(desk, LedgerHold) == 0


async def test_a_waiting_entrys_take_does_not_cut_into_the_position_that_is_held(desk: Desk) -> None:
    await protected(desk)
    await desk.submit(wish(type="LIMIT", price="80", stop_loss="70", take_profit="95"))
    await desk.work()
    await desk.turn(bar(2, open=100, high=105))
    assert (await desk.balances())["BTC"].total == 1
    assert len(await desk.fills()) == 1


async def test_closing_one_position_leaves_the_protection_of_a_waiting_entry(desk: Desk) -> None:
    await protected(desk)
    entry = await desk.submit(wish(type="LIMIT", price="80", stop_loss="70", take_profit="95"))
    await desk.work()
    await desk.turn(bar(2, open=105, high=112))  # the first take fills: flat
    await desk.turn(bar(3, open=81, low=79))  # the waiting entry fills
    rows = [row for row in await desk.orders() if row.parent_id == entry.id]
    assert [row.status for row in rows] == ["LIVE", "LIVE"]
    await desk.turn(bar(4, open=75, low=65))
    assert (await desk.balances())["BTC"].total == 0
    assert await desk.violations() == []


async def test_a_stop_that_sells_what_a_waiting_sell_promised_ends_that_sell(desk: Desk) -> None:
    await desk.submit(wish(stop_loss="90"))
    await desk.work()
    await desk.turn(bar(1, open=100))
    await desk.submit(wish("SELL", 1, "LIMIT", price="110"))
    await desk.work()
    await desk.turn(bar(2, open=100, high=115, low=85))
    rows = await desk.orders()
    assert [row.status for row in rows] == ["FILLED", "FILLED", "EXPIRED"]
    assert rows[2].reason_code == "insufficient_quantity"
    assert await desk.violations() == []


async def test_a_short_can_be_opened_guarded_and_closed(db: Database, clock: ManualClock) -> None:
    desk = await open_desk(db, clock, instruments=[BTC_PERP])
    await desk.submit(wish("SELL", 2, stop_loss="110", take_profit="90", instrument=BTC_PERP))
    await desk.work()
    await desk.turn(bar(1, open=100, instrument=BTC_PERP))
    held = await desk.position(BTC_PERP)
    assert held is not None
    assert held.quantity == -2
    await desk.turn(bar(2, open=100, low=89, instrument=BTC_PERP))
    assert await roles(desk) == {"MANUAL": "FILLED", "STOP": "CANCELLED", "TAKE": "FILLED"}
    assert (await desk.worth()).equity > 10_000
    assert await desk.violations() == []


# ── Preview ─────────────────────────────────────────────────────────────────────────────────────────────────────────

PREVIEWED = [
    wish(),
    wish(quantity=200),
    wish("SELL", 1),
    wish(quantity="0.0001"),
    wish(type="LIMIT"),
    wish(type="LIMIT", price="95"),
    wish(type="LIMIT", price="950"),
    wish(type="STOP", stop_price="105.001"),
    wish(stop_loss="110", take_profit="90"),
    wish(stop_loss="90", take_profit="110"),
    wish("SELL", 1, reduce_only=True),
]


@pytest.mark.parametrize(
    "request_", PREVIEWED, ids=[f"{one.side} {one.quantity} {one.type} {n}" for n, one in enumerate(PREVIEWED)]
)
async def test_the_preview_says_what_submitting_would(desk: Desk, request_: NewOrderRequest) -> None:
    async with desk.db.read() as session:
        seen = await orders.preview_order(session, desk.account, request_, ceiling=CEILING, clock=desk.clock)
    try:
        await desk.submit(request_)
        code = None
    except AlphaLoopError as error:
        code = error.code
    assert (seen.ok, seen.code) == (code is None, code)


async def test_the_previews_numbers_are_those_of_the_order(desk: Desk) -> None:
    request = wish(quantity=2, type="LIMIT", price="95", stop_loss="90", take_profit="110")
    async with desk.db.read() as session:
        seen = await orders.preview_order(session, desk.account, request, ceiling=CEILING, clock=desk.clock)
    assert (seen.notional, seen.fee, seen.risk_amount) == (D(190), D("0.19"), D(10))
    assert seen.reward_risk == pytest.approx(3)
    assert seen.largest_quantity == D("105.157")
    assert seen.largest_quantity is not None
    await desk.set_limits(Limits(max_single_order_pct=D(1), max_orders_per_minute=99))
    await desk.submit(wish(quantity=seen.largest_quantity, type="LIMIT", price="95"))
    assert OrderType.LIMIT in {row.type for row in await desk.orders()}
