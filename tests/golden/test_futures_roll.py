"""A futures roll worked out by hand: simulator, paper venue and order ticket each move the position alike."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import ManualClock, to_ms
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ONE, ZERO
from alphaloop.core.order import OrderSide, OrderType
from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import make_panel, make_series
from alphaloop.engine.rolling import Contract, carrier, roll_day, rolled
from alphaloop.engine.rule_arrays import Stake, lay_ground
from alphaloop.engine.simulate import Rules, simulate
from alphaloop.engine.strategy import Signals, mark_episodes
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.service import MarginTerms
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.infra.db import Database
from tests.builders import CEILING, GENEROUS, Desk, add_account, add_instrument, add_person, make_execution

D = Decimal
TOLD: dict[str, Any] = json.loads((Path(__file__).parent / "futures_cn_roll.json").read_text("utf-8"))


def rebar(symbol: str) -> Instrument:
    code = symbol.partition("@")[0]
    return Instrument(symbol, AssetClass.FUTURE, code, "CNY", ONE, ONE, ZERO, "CN-23", can_short=True)


CONTRACTS = [Contract(rebar(one["symbol"]), date.fromisoformat(one["last_session"])) for one in TOLD["contracts"]]
DAYS = [date.fromisoformat(step["day"]) for step in TOLD["steps"]]
WANTED = [
    {(name, D(quantity), D(price), D(fee)) for name, quantity, price, fee in step["fills"]} for step in TOLD["steps"]
]


def bar_of(day: date, number: int, prices: list[str]) -> Bar:
    instrument = CONTRACTS[number].instrument
    ts = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
    close_ms = find_calendar("CN-23").close_ms(ts, Timeframe.D1)
    return Bar(instrument.symbol, Timeframe.D1, ts, close_ms, *(D(text) for text in prices), D(100_000))


def test_a_position_leaves_its_contract_the_stated_sessions_before_the_last() -> None:
    assert roll_day(CONTRACTS[0]) == date.fromisoformat(TOLD["roll_day"])
    assert [carrier(CONTRACTS, day) for day in DAYS] == [0, 1, 1, 1]
    with pytest.raises(InvalidError, match="none after it"):
        carrier(CONTRACTS, date(2024, 10, 15))


def test_the_simulator_rolls_as_worked_out_by_hand() -> None:
    table = [[bar_of(day, n, step["bars"][n]) for day, step in zip(DAYS, TOLD["steps"], strict=True)] for n in (0, 1)]
    series = []
    for n, bars in enumerate(table):
        ts = np.array([one.ts_ms for one in bars], dtype=np.int64)
        columns = [
            np.array([float(getattr(one, k)) for one in bars]) for k in ("open", "high", "low", "close", "volume")
        ]
        series.append(make_series(CONTRACTS[n].instrument.symbol, ts, *columns))
    panel = make_panel(series)
    target = rolled(np.array([float(step["target"]) for step in TOLD["steps"]]), DAYS, CONTRACTS)
    stakes = {one.instrument.symbol: Stake(D(TOLD["leverage"])) for one in CONTRACTS}
    ground = lay_ground(
        panel, [one.instrument for one in CONTRACTS], broker_rate=float(TOLD["broker_rate"]), stakes=stakes
    )
    signals = Signals(target, mark_episodes(target), sizing=Sizing.UNITS)
    made = simulate(panel, signals, Rules(cash=float(TOLD["cash"]), can_short=True), ground=ground)
    for t, wanted in enumerate(WANTED):
        found = {
            (panel.names[n], round(q, 6), p, round(f, 6))
            for row, n, q, p, f in zip(*(column.tolist() for column in made.fills[:5]), strict=True)
            if row == t
        }
        assert found == {(name, float(q), float(p), float(f)) for name, q, p, f in wanted}
    assert made.cash.tolist() == pytest.approx([float(step["cash"]) for step in TOLD["steps"]])
    assert made.equity[-1] == pytest.approx(float(TOLD["equity"]))


@pytest.mark.database
async def test_ticket_and_paper_venue_roll_as_worked_out_by_hand(db: Database, clock: ManualClock) -> None:
    desk = await open_futures_desk(db, clock)
    booked = 0
    for day, step, wanted in zip(DAYS, TOLD["steps"], WANTED, strict=True):
        for n in (0, 1):
            await desk.turn(bar_of(day, n, step["bars"][n]))
        rows = await desk.fills()
        new, booked = rows[booked:], len(rows)
        signed = {(row.instrument, row.quantity * OrderSide(row.side).sign, row.price, row.fee) for row in new}
        assert signed == wanted, step["why"]
        assert (await desk.worth()).cash == D(step["cash"])
        await follow(desk, day, D(step["target"]))
    assert (await desk.worth()).equity == D(TOLD["equity"])
    assert await desk.violations() == []


async def test_the_ticket_takes_whole_contracts_only(db: Database, clock: ManualClock) -> None:
    desk = await open_futures_desk(db, clock)
    await desk.turn(bar_of(DAYS[0], 0, TOLD["steps"][0]["bars"][0]))
    assert [await asked(desk, 0, D(tons)) for tons in (15, 20, 600)] == ["order_invalid", None, "risk_single_order_pct"]


async def follow(desk: Desk, day: date, target: Decimal) -> None:
    """Ask the ticket for what the day's carrier should hold and the others should not."""
    held_in = carrier(CONTRACTS, day)
    for n, contract in enumerate(CONTRACTS):
        held = await desk.position(contract.instrument)
        delta = (target if n == held_in else ZERO) - (held.quantity if held else ZERO)
        if delta != 0:
            side = OrderSide.BUY if delta > 0 else OrderSide.SELL
            await desk.submit(NewOrderRequest(contract.instrument.symbol, side, OrderType.MARKET, abs(delta)))
    await desk.work()


async def asked(desk: Desk, number: int, tons: Decimal) -> str | None:
    request = NewOrderRequest(CONTRACTS[number].instrument.symbol, OrderSide.BUY, OrderType.MARKET, tons)
    async with desk.db.read() as session:
        preview = await orders.preview_order(session, desk.account, request, ceiling=CEILING, clock=desk.clock)
    return preview.code


async def open_futures_desk(db: Database, clock: ManualClock) -> Desk:
    actor = await add_person(db, clock)
    for contract in CONTRACTS:
        await add_instrument(db, clock, contract.instrument)
    replay = (await add_account(db, clock, actor)).replay_id
    async with db.write() as session:
        account = await accounts.open_paper_account(
            session,
            actor,
            clock=clock,
            name="rebar",
            cash=D(TOLD["cash"]),
            replay_id=replay,
            market="futures_cn",
            terms=MarginTerms(D(TOLD["leverage"])),
        )
        account.slippage_bps = ZERO
    venue = PaperVenue(db, clock)
    for contract in CONTRACTS:
        venue.list_instrument(contract.instrument)
    await venue.open_account(
        account.id,
        quote_asset=account.quote_asset,
        cash=account.opening_cash,
        fee_rate=account.fee_rate,
        slippage_bps=ZERO,
        leverage=account.leverage,
    )
    instruments = tuple(one.instrument for one in CONTRACTS)
    desk = Desk(db, clock, actor, account, venue, make_execution(db, clock, venue), instruments)
    await desk.set_limits(GENEROUS)
    return desk
