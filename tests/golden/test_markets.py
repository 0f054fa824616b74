"""Days worked out by hand, one file per case: simulator, paper venue and order ticket must each come to the same."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.adapters.venues.contract import Answer
from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.bar import Bar, Timeframe, parse_timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import ManualClock, to_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.core.order import OrderSide, OrderType, VenueOrder
from alphaloop.core.signal import Sizing
from alphaloop.engine.margin import Mark
from alphaloop.engine.panel import make_panel, make_series
from alphaloop.engine.rule_arrays import Stake, lay_ground
from alphaloop.engine.simulate import FillReason, Rules, simulate
from alphaloop.engine.strategy import Signals, mark_episodes
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.service import MarginTerms
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.infra.db import Database
from tests.builders import (
    CEILING,
    GENEROUS,
    Desk,
    add_account,
    add_instrument,
    add_person,
    make_execution,
    open_at_venue,
)

D = Decimal
CASES = sorted((Path(__file__).parent / "markets").glob("*.json"))


@dataclass(frozen=True)
class Step:
    """One line of a case: a bar or its absence, what it should lead to, and what is decided at its close."""

    told: dict[str, Any]
    bar: Bar | None
    day: date

    @property
    def mark(self) -> Mark:
        return Mark(*(D(text) for text in self.told.get("mark") or own_mark(self)))

    @property
    def funding(self) -> Decimal | None:
        return D(self.told["funding"]) if "funding" in self.told else None

    @property
    def fills(self) -> list[tuple[Decimal, Decimal, Decimal]]:
        return [(D(one["quantity"]), D(one["price"]), D(one["fee"])) for one in self.told["fills"]]


@dataclass(frozen=True)
class Case:
    told: dict[str, Any]
    instrument: Instrument
    timeframe: Timeframe
    steps: list[Step]
    actions: list[CorporateAction]

    @property
    def leverage(self) -> Decimal:
        return D(self.told.get("leverage", "1"))

    @property
    def isolated(self) -> bool:
        return bool(self.told.get("isolated", False))


def read_case(path: Path) -> Case:
    told = json.loads(path.read_text("utf-8"))
    spec = told["instrument"]
    instrument = Instrument(
        symbol=spec["symbol"],
        asset_class=AssetClass(spec.get("class", "EQUITY")),
        base=spec["symbol"].partition("@")[0][:16],
        quote=spec["quote"],
        tick=D(spec["tick"]),
        lot=D(spec["lot"]),
        min_notional=ZERO,
        calendar=spec["calendar"],
        can_short=spec.get("can_short", False),
    )
    timeframe = parse_timeframe(told["timeframe"])
    steps = [Step(one, _bar(instrument, timeframe, one), _day(one["at"])) for one in told["steps"]]
    actions = [
        CorporateAction(
            date.fromisoformat(one["ex_date"]), cash=D(one.get("cash", "0")), bonus=D(one.get("bonus", "0"))
        )
        for one in told.get("actions", [])
    ]
    return Case(told, instrument, timeframe, steps, actions)


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _bar(instrument: Instrument, timeframe: Timeframe, told: dict[str, Any]) -> Bar | None:
    if told["bar"] is None:
        return None
    moment = datetime.fromisoformat(told["at"])
    ts = to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    close_ms = find_calendar(instrument.calendar).close_ms(ts, timeframe)
    return Bar(instrument.symbol, timeframe, ts, close_ms, *(D(text) for text in told["bar"]))


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Case:
    return read_case(request.param)


def due(case: Case) -> Iterator[tuple[Step, list[CorporateAction]]]:
    """Steps with the ex-dates that lie at or before them and after the step before."""
    waiting = list(case.actions)
    for step in case.steps:
        now = [action for action in waiting if action.ex_date <= step.day]
        waiting = [action for action in waiting if action not in now]
        yield step, now


def test_the_simulator_fills_as_worked_out_by_hand(case: Case) -> None:
    steps = [step for step in case.steps if step.bar is not None]
    bars = [step.bar for step in steps if step.bar is not None]
    columns = [np.array([float(getattr(bar, name)) for bar in bars]) for name in ("open", "high", "low", "close")]
    volume = np.array([float(bar.volume) for bar in bars])
    ts = np.array([bar.ts_ms for bar in bars], dtype=np.int64)
    panel = make_panel(make_series("A", ts, *columns, volume, close_ms=np.array([bar.close_ms for bar in bars])))
    wanted, target = 0.0, np.zeros((len(steps), 1))
    for t, step in enumerate(steps):
        wanted = float(step.told.get("target", wanted))
        target[t] = wanted
    signals = Signals(target, mark_episodes(target), sizing=Sizing.UNITS)
    ground = lay_ground(
        panel,
        [case.instrument],
        broker_rate=float(case.told["broker_rate"]),
        actions={case.instrument.symbol: case.actions},
    )
    if case.leverage > 1:
        ground = lay_ground(
            panel,
            [case.instrument],
            broker_rate=float(case.told["broker_rate"]),
            stakes={case.instrument.symbol: stake(case, steps)},
        )
    rules = Rules(cash=float(case.told["cash"]), can_short=case.instrument.can_short)
    made = simulate(panel, signals, rules, ground=ground)
    found = [
        (int(t), round(float(q), 8), float(p), round(float(f), 8))
        for t, q, p, f, why in zip(*made.fills[0:1], *made.fills[2:6], strict=True)
        if why != FillReason.BONUS
    ]
    expected = [(t, *(float(part) for part in fill)) for t, step in enumerate(steps) for fill in step.fills]
    assert found == [pytest.approx(row) for row in expected]
    assert made.cash.tolist() == pytest.approx([float(step.told["cash"]) for step in steps])
    assert float(made.quantity[0]) == float(case.steps[-1].told["quantity"])


def stake(case: Case, steps: list[Step]) -> Stake:
    marks = np.array([[float(text) for text in step.told.get("mark") or own_mark(step)] for step in steps]).T
    funding = np.array([float(step.told.get("funding", 0)) for step in steps])
    return Stake(case.leverage, isolated=case.isolated, mark=marks, funding=funding)


def own_mark(step: Step) -> list[str]:
    o, high, low, _, _ = step.told["bar"]
    return [o, low, high]


@pytest.mark.database
async def test_the_paper_venue_fills_as_worked_out_by_hand(case: Case, db: Database, clock: ManualClock) -> None:
    venue = PaperVenue(db, clock)
    venue.list_instrument(case.instrument)
    await venue.open_account(
        1,
        quote_asset=case.instrument.quote,
        cash=D(case.told["cash"]),
        fee_rate=D(case.told["broker_rate"]),
        slippage_bps=ZERO,
        leverage=case.leverage,
        isolated=case.isolated,
    )
    seen, sent, held = 0, 0, ZERO
    for step, actions in due(case):
        for action in actions:
            await venue.on_action(1, case.instrument.symbol, action)
        if step.bar is not None:
            if step.funding is not None:
                await venue.settle_funding(
                    1, case.instrument.symbol, rate=step.funding, mark=step.mark.open, ts_ms=step.bar.ts_ms
                )
            await venue.on_bar(1, step.bar, mark=step.mark)
        new = await venue.fills_after(1, seen)
        seen = new[-1][0] if new else seen
        assert [(fill.quantity * fill.side.sign, fill.price, fill.fee) for _, fill in new] == step.fills, step.told[
            "why"
        ]
        balances = await venue.balances(1)
        held = balances.get(case.instrument.base, ZERO)
        assert (balances[case.instrument.quote], held) == (D(step.told["cash"]), D(step.told["quantity"]))
        if "target" in step.told and step.bar is not None:
            sent += 1
            placed = await venue.place(1, _change(case, D(step.told["target"]) - held, sent), ts_ms=step.bar.close_ms)
            assert placed.answer is Answer.ACCEPTED, placed.code


def _change(case: Case, delta: Decimal, number: int) -> VenueOrder:
    side = OrderSide.BUY if delta > 0 else OrderSide.SELL
    reducing = side is OrderSide.SELL and not case.instrument.can_short
    return VenueOrder(f"o{number}", case.instrument.symbol, side, OrderType.MARKET, abs(delta), reduce_only=reducing)


@pytest.mark.database
async def test_the_ticket_answers_as_worked_out_by_hand(case: Case, db: Database, clock: ManualClock) -> None:
    desk = await open_market_desk(case, db, clock)
    booked = 0
    for step, actions in due(case):
        for action in actions:
            await desk.execution.pass_ex_date(desk.account, case.instrument, action)
        if step.bar is not None:
            if step.funding is not None:
                await desk.execution.settle_funding(
                    desk.account, case.instrument, rate=step.funding, mark=step.mark.open, ts_ms=step.bar.ts_ms
                )
            await desk.venue.on_bar(desk.account.id, step.bar, mark=step.mark)
            await desk.turn(step.bar)
        rows = await desk.fills()
        signed = [(row.quantity * OrderSide(row.side).sign, row.price, row.fee) for row in rows[booked:]]
        assert signed == step.fills, step.told["why"]
        booked = len(rows)
        assert (await desk.worth()).cash == D(step.told["cash"])
        for ticket in step.told.get("tickets", []):
            assert await asked(desk, wish(case, ticket)) == ticket["code"], ticket["why"]
        if "target" not in step.told:
            continue
        held = await desk.position(case.instrument)
        delta = D(step.told["target"]) - (held.quantity if held else ZERO)
        side = OrderSide.BUY if delta > 0 else OrderSide.SELL
        request = NewOrderRequest(case.instrument.symbol, side, OrderType.MARKET, abs(delta))
        assert await asked(desk, request) == step.told.get("refused"), step.told["why"]
        if "refused" in step.told:
            # The ticket has said no; what follows in the case is what a venue does with an order that is there.
            break
        await desk.submit(request)
        await desk.work()
    assert await desk.violations() == []


def wish(case: Case, told: dict[str, Any]) -> NewOrderRequest:
    price = D(told["price"]) if "price" in told else None
    return NewOrderRequest(
        case.instrument.symbol, OrderSide(told["side"]), OrderType(told["type"]), D(told["quantity"]), price=price
    )


async def asked(desk: Desk, request: NewOrderRequest) -> str | None:
    """The code that the ticket's preview answers; None when it would pass."""
    async with desk.db.read() as session:
        preview = await orders.preview_order(session, desk.account, request, ceiling=CEILING, clock=desk.clock)
    return preview.code


async def open_market_desk(case: Case, db: Database, clock: ManualClock) -> Desk:
    actor = await add_person(db, clock)
    await add_instrument(db, clock, case.instrument)
    replay = (await add_account(db, clock, actor)).replay_id
    async with db.write() as session:
        account = await accounts.open_paper_account(
            session,
            actor,
            clock=clock,
            name="golden",
            quote_asset=case.instrument.quote,
            cash=D(case.told["cash"]),
            replay_id=replay,
            terms=MarginTerms(case.leverage, case.isolated),
        )
        account.fee_rate, account.slippage_bps = D(case.told["broker_rate"]), ZERO
    venue = PaperVenue(db, clock)
    desk = Desk(db, clock, actor, account, venue, make_execution(db, clock, venue), (case.instrument,))
    await venue.open_account(
        account.id,
        quote_asset=account.quote_asset,
        cash=account.opening_cash,
        fee_rate=account.fee_rate,
        slippage_bps=account.slippage_bps,
        leverage=account.leverage,
        isolated=account.isolated,
    )
    await open_at_venue(desk)
    await desk.set_limits(GENEROUS)
    return desk
