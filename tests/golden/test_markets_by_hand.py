"""The same days by hand: the ticket says what may be asked, a person confirms what came of it, the books agree."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from alphaloop.adapters.venues.manual import Confirmed, ManualVenue
from alphaloop.core.clock import ManualClock
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import ZERO
from alphaloop.core.order import OrderSide, OrderType
from alphaloop.features.accounts import service as accounts
from alphaloop.features.orders.execution import Execution
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.infra.db import Database
from tests.builders import GENEROUS, Desk, add_account, add_instrument, add_person
from tests.golden import test_futures_roll as roll
from tests.golden.test_markets import CASES, Case, Step, asked, due, read_case, wish

D = Decimal
PAID_IN_FULL = [path for path in CASES if read_case(path).leverage == 1]
ON_MARGIN = [path for path in CASES if read_case(path).leverage > 1]


@pytest.mark.database
@pytest.mark.parametrize("path", PAID_IN_FULL, ids=lambda path: path.stem)
async def test_a_person_who_trades_by_hand_comes_to_the_same(path: Path, db: Database, clock: ManualClock) -> None:
    case = read_case(path)
    desk, venue = await open_manual_desk(case, db, clock)
    for step, actions in due(case):
        for action in actions:
            await desk.execution.pass_ex_date(desk.account, case.instrument, action)
        if step.bar is not None:
            await confirm(desk, venue, step)
            await desk.mark(step.bar)
        held = await desk.position(case.instrument)
        quantity = held.quantity if held else ZERO
        assert ((await desk.worth()).cash, quantity) == (D(step.told["cash"]), D(step.told["quantity"])), step.told[
            "why"
        ]
        for ticket in step.told.get("tickets", []):
            assert await asked(desk, stated(wish(case, ticket), step)) == ticket["code"], ticket["why"]
        if "target" in step.told:
            delta = D(step.told["target"]) - quantity
            side = OrderSide.BUY if delta > 0 else OrderSide.SELL
            request = stated(NewOrderRequest(case.instrument.symbol, side, OrderType.MARKET, abs(delta)), step)
            # What sells everything follows the shares over an ex-date.
            request = replace(request, reduce_only=D(step.told["target"]) == 0)
            assert await asked(desk, request) == step.told.get("refused"), step.told["why"]
            if "refused" in step.told:
                break
            await desk.submit(request)
            await desk.work()


@pytest.mark.database
@pytest.mark.parametrize("path", ON_MARGIN, ids=lambda path: path.stem)
async def test_what_needs_margin_is_refused_by_hand(path: Path, db: Database, clock: ManualClock) -> None:
    case = read_case(path)
    desk, _ = await open_manual_desk(case, db, clock)
    step = case.steps[0]
    assert step.bar is not None
    await desk.mark(step.bar)
    wanted = D(step.told["target"])
    side = OrderSide.BUY if wanted > 0 else OrderSide.SELL
    request = stated(NewOrderRequest(case.instrument.symbol, side, OrderType.MARKET, abs(wanted)), step)
    # Ten times leverage was to pay for it; by hand everything is paid in full.
    assert await asked(desk, request) == "risk_single_order_pct"
    tenth = case.instrument.floor_quantity(abs(wanted) / 10)
    assert await asked(desk, replace(request, side=OrderSide.BUY, quantity=tenth)) is None


@pytest.mark.database
async def test_a_futures_roll_by_hand_sells_the_old_leg_before_it_buys_the_new_one(
    db: Database, clock: ManualClock
) -> None:
    told = roll.TOLD
    instruments = [one.instrument for one in roll.CONTRACTS]
    desk, venue = await open_manual_account(instruments, told["cash"], told["broker_rate"], db, clock)
    for day, step, wanted in zip(roll.DAYS, told["steps"], roll.WANTED, strict=True):
        bars = [roll.bar_of(day, n, step["bars"][n]) for n in (0, 1)]
        for name, quantity, price, fee in sorted(wanted, key=lambda one: one[1]):
            number = next(n for n, one in enumerate(instruments) if one.symbol == name)
            side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
            request = NewOrderRequest(name, side, OrderType.LIMIT, abs(quantity), price=price, reduce_only=quantity < 0)
            assert await asked(desk, request) is None
            await desk.submit(request)
            await desk.work()
            (ticket,) = await venue.open_tickets(desk.account.id)
            said = Confirmed(abs(quantity), price, fee, "CNY", bars[number].ts_ms, f"{day}-{number}")
            await venue.confirm(desk.account.id, ticket.client_order_id, said)
            await desk.execution.book(desk.account)
        for one in bars:
            await desk.mark(one)
        assert (await desk.worth()).cash == D(step["cash"]), step["why"]
    assert (await desk.worth()).equity == D(told["equity"])


def stated(request: NewOrderRequest, step: Step) -> NewOrderRequest:
    """By hand a price is always stated; a market order is one at the last price."""
    if request.price is not None:
        return request
    assert step.bar is not None
    return replace(request, type=OrderType.LIMIT, price=step.bar.close)


async def confirm(desk: Desk, venue: ManualVenue, step: Step) -> None:
    """Say what the case says came of the open ticket, fill by fill, and let the platform book it."""
    assert step.bar is not None
    for number, (quantity, price, fee) in enumerate(step.fills):
        (ticket,) = await venue.open_tickets(desk.account.id)
        assert OrderSide(ticket.side).sign * quantity > 0
        trade = f"{step.bar.ts_ms}-{number}"
        said = Confirmed(abs(quantity), price, fee, desk.account.quote_asset, step.bar.ts_ms, trade)
        await venue.confirm(desk.account.id, ticket.client_order_id, said)
        await desk.execution.book(desk.account)


async def open_manual_desk(case: Case, db: Database, clock: ManualClock) -> tuple[Desk, ManualVenue]:
    return await open_manual_account([case.instrument], case.told["cash"], case.told["broker_rate"], db, clock)


async def open_manual_account(
    instruments: Sequence[Instrument], cash: str, rate: str, db: Database, clock: ManualClock
) -> tuple[Desk, ManualVenue]:
    actor = await add_person(db, clock)
    for one in instruments:
        await add_instrument(db, clock, one)
    replay = (await add_account(db, clock, actor)).replay_id
    async with db.write() as session:
        account = await accounts.open_paper_account(
            session,
            actor,
            clock=clock,
            name="by hand",
            quote_asset=instruments[0].quote,
            cash=D(cash),
            replay_id=replay,
            by_hand=True,
        )
        account.fee_rate, account.slippage_bps = D(rate), ZERO
    venue = ManualVenue(db)
    desk = Desk(db, clock, actor, account, venue, Execution(db, clock, {"manual": venue}), tuple(instruments))
    await desk.set_limits(GENEROUS)
    return desk, venue
