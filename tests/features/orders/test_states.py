"""The life of an order, enumerated: every sequence of reports against a model written from the promise itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.core.fill import Fill
from alphaloop.core.order import TERMINAL, OrderSide, OrderStatus, can_move
from alphaloop.infra.db import Database
from tests.builders import D, open_desk, wish

S = OrderStatus
EVENTS = ("send", "accept", "refuse", "lose", "part", "rest", "cancel", "expire")


@dataclass
class Model:
    """What is promised: one way through, ends that stay ends, and fills that count whenever they come."""

    status: OrderStatus = S.INTENT
    filled: int = 0  # of 2

    def hear(self, event: str) -> None:
        if event in ("part", "rest"):
            if self.status in (S.INTENT,) or self.filled == 2:
                return
            self.filled = 2 if event == "rest" or self.filled else 1
            if self.status not in TERMINAL:
                self.status = S.FILLED if self.filled == 2 else S.PARTIAL
            return
        target = {
            "send": S.SUBMITTING,
            "accept": S.LIVE,
            "refuse": S.REJECTED,
            "lose": S.UNKNOWN,
            "cancel": S.CANCELLED,
            "expire": S.EXPIRED,
        }[event]
        if self.status in TERMINAL or self.status is target:
            return
        if self.status is S.INTENT:
            if target in (S.SUBMITTING, S.REJECTED, S.CANCELLED, S.EXPIRED):
                self.status = target
        elif target is S.SUBMITTING:
            if self.status is S.UNKNOWN:
                self.status = target
        elif target is S.LIVE:
            if self.status is not S.PARTIAL:
                self.status = target
        else:
            self.status = target


def step(status: OrderStatus, event: str, filled: int) -> tuple[OrderStatus, int]:
    """The same reports through the transition table of the product."""
    if event in ("part", "rest"):
        if status is S.INTENT or filled == 2:
            return status, filled
        filled = 2 if event == "rest" or filled else 1
        target = S.FILLED if filled == 2 else S.PARTIAL
    else:
        target = {
            "send": S.SUBMITTING,
            "accept": S.LIVE,
            "refuse": S.REJECTED,
            "lose": S.UNKNOWN,
            "cancel": S.CANCELLED,
            "expire": S.EXPIRED,
        }[event]
    return (target if can_move(status, target) else status), filled


def test_every_sequence_of_five_reports_ends_where_the_model_says() -> None:
    for sequence in product(EVENTS, repeat=5):
        model, status, filled = Model(), S.INTENT, 0
        for event in sequence:
            model.hear(event)
            status, filled = step(status, event, filled)
            if (status, filled) != (model.status, model.filled):
                pytest.fail(f"{sequence}: after {event} the product says {status}, the model {model.status}")


def test_an_order_that_ended_stays_ended() -> None:
    for ended, target in product(TERMINAL, OrderStatus):
        assert not can_move(ended, target)


def test_nothing_moves_to_itself_or_back_to_intent() -> None:
    for before in OrderStatus:
        assert not can_move(before, before)
        assert not can_move(before, S.INTENT)


@pytest.mark.database
@pytest.mark.parametrize("ended", sorted(TERMINAL - {S.FILLED}))
async def test_a_fill_that_comes_after_the_end_is_booked_and_the_end_stays(db: Database, ended: OrderStatus) -> None:
    clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
    desk = await open_desk(db, clock)
    row = await desk.submit(wish(quantity=2))
    async with db.write() as session:
        from alphaloop.features.orders import repository
        from alphaloop.features.orders.changes import move_order

        locked = await repository.lock_order(session, row.id)
        await move_order(session, locked, S.SUBMITTING, clock=clock)
        await move_order(session, locked, ended, clock=clock)
    assert (await desk.balances())["USDT"].locked == 0
    late = Fill(
        "late", str(row.client_order_id), "P9", row.instrument, OrderSide.BUY, D(2), D(100), D("0.2"), "USDT", 1
    )
    await desk.execution._book_fill(desk.account, 1, late)
    after = await desk.order(row.id)
    assert (after.status, after.filled_quantity) == (ended, Decimal(2))
    assert (await desk.balances())["BTC"].total == 2
    position = await desk.position()
    assert position is not None
    assert position.quantity == 2
