"""A replay of a perpetual, worked out by hand: funding at its settlements, and the liquidation on the mark."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from alphaloop.adapters.feeds import ListedFunding
from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.clock import ManualClock, to_ms
from alphaloop.core.events import Event
from alphaloop.core.order import OrderSide
from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import make_panel, make_series
from alphaloop.engine.rule_arrays import Stake, lay_ground
from alphaloop.engine.simulate import Rules, simulate
from alphaloop.engine.strategy import Signals, mark_episodes
from alphaloop.entrypoints import rooms
from alphaloop.entrypoints.turn import Trading, load_turns
from alphaloop.entrypoints.web import make_wiring
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.accounts.service import MarginTerms
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.market import service as market
from alphaloop.features.market.models import Replay
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.execution import CrashPoint, Execution, Step
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.sessions import replays
from alphaloop.infra.db import Database
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.identity import SYSTEM
from alphaloop.infra.outbox import Dispatcher
from alphaloop.infra.settings import Settings
from tests.builders import BTC_PERP, CEILING, GENEROUS, D, add_person, add_series, table_of, wish

pytestmark = pytest.mark.database

STEP_MS = 4 * 3_600_000
FIRST = to_ms(datetime(2021, 7, 5, 20, tzinfo=UTC))
# (open, high, low, close) of the last price, and (open, high, low) of the mark, every four hours.
LAST = [
    ("33200", "33300", "33000", "33100"),
    ("33200", "33300", "33000", "33250"),
    ("33300", "33350", "33050", "33100"),
    ("33100", "33200", "33000", "33150"),
    ("33150", "33200", "33000", "33100"),
    ("33100", "33150", "30500", "31000"),
]
MARKS = [
    ("33190", "33290", "33010"),
    ("33210", "33290", "33010"),
    ("33290", "33340", "33060"),
    ("33120", "33190", "33010"),
    ("33140", "33190", "33010"),
    ("33100", "33140", "29995"),
]
RATES = [
    # Nothing is held before the bar of midnight: its market order fills at that bar's open.
    ListedFunding(FIRST + STEP_MS, D("0.0001")),
    # 0.25 x 33 120, the stored mark of 08:00, x 0.0003 = 2.484 paid.
    ListedFunding(FIRST + 3 * STEP_MS, D("0.0003")),
    # 0.25 x 33 000, the mark the exchange itself states for 16:00, x 0.0002 = 1.65 received.
    ListedFunding(FIRST + 5 * STEP_MS, D("-0.0002"), D(33000)),
]


@pytest.fixture
async def wiring(db: Database, clock: ManualClock, tmp_path: Path) -> Wiring:
    return replace(make_wiring(Settings(home=tmp_path / "home"), clock=clock), db=db)


def bars(rows: list[tuple[str, ...]]) -> list[Bar]:
    made = []
    for n, (opened, high, low, *closed) in enumerate(rows):
        ts, close = FIRST + n * STEP_MS, D(closed[0] if closed else opened)
        prices = (D(opened), D(high), D(low), close)
        made.append(Bar(BTC_PERP.symbol, Timeframe.H4, ts, ts + STEP_MS, *prices, D(1000)))
    return made


def make_floor(wiring: Wiring, crash_point: CrashPoint | None = None) -> Trading:
    paper = PaperVenue(wiring.db, wiring.clock)
    more = {} if crash_point is None else {"crash_point": crash_point}
    execution = Execution(wiring.db, wiring.clock, {"paper": paper}, **more)

    async def unheard(_event: Event) -> None:
        return None

    return Trading(wiring, execution, paper, Dispatcher(wiring.db, wiring.clock, rooms.listeners(), unheard))


async def start(wiring: Wiring, side: OrderSide = OrderSide.BUY) -> Replay:
    """A replay that stands on the first bar, with a quarter coin ordered for the second, ten times on its margin."""
    db, clock, store = wiring.db, wiring.clock, market.BarStore(wiring.settings.bars_dir)
    actor = await add_person(db, clock)
    await add_series(db, clock, store, BTC_PERP, table_of(bars(LAST)), Timeframe.H4)
    store.marks.append(BTC_PERP.symbol, Timeframe.H4, table_of(bars(MARKS)))
    async with db.write() as session:
        await risk.write_config(session, actor, GENEROUS, clock=clock)
        await market.bring_funding(session, SYSTEM, clock, RATES, instrument=BTC_PERP.symbol, source="test")
        replay = await replays.start_replay(
            session,
            actor,
            store,
            clock=clock,
            instrument=BTC_PERP.symbol,
            timeframe=Timeframe.H4,
            start_ts=FIRST,
            speed=0,
            cash=D(5000),
            terms=MarginTerms(D(10), isolated=True),
        )
        (account,) = await accounts.accounts_on_replay(session, replay.id)
        account.slippage_bps = D(0)
        await orders.submit(
            session, actor, account, wish(side, "0.25", instrument=BTC_PERP), ceiling=CEILING, clock=clock
        )
    return replay


async def play(wiring: Wiring, replay: Replay, count: int, crash_point: CrashPoint | None = None) -> Replay:
    """So many bars by a process that has just started."""
    floor = make_floor(wiring, crash_point)
    turns = await load_turns(floor, replay)
    await floor.serve_orders(await account_of(wiring, replay))
    for coming in await turns.next_bars(count):
        await turns.run(coming)
    return turns.replay


async def account_of(wiring: Wiring, replay: Replay) -> Account:
    async with wiring.db.read() as session:
        (account,) = await accounts.accounts_on_replay(session, replay.id)
    return account


async def cash(wiring: Wiring, replay: Replay) -> tuple[Decimal, list[tuple[int, Decimal]]]:
    """Cash, and (hours since the first bar, amount) of each cash flow; the venue's book must agree with the ledger."""
    account = await account_of(wiring, replay)
    async with wiring.db.read() as session:
        flows = await positions.list_cash_flows(session, account.id)
        worth = await positions.worth(session, account)
        ours = await ledger.balances(session, ledger.ACCOUNT, account.id)
        assert await find_violations(session) == []
    theirs = await PaperVenue(wiring.db, wiring.clock).balances(account.id)
    assert {asset: one.total for asset, one in ours.items() if one.total} == {k: v for k, v in theirs.items() if v}
    return worth.cash, [((flow.ts_ms - FIRST) // 3_600_000, flow.amount) for flow in reversed(flows)]


@pytest.mark.parametrize("steps", [[5], [1, 1, 1, 1, 1], [3, 2]], ids=str)
async def test_funding_and_liquidation_come_at_the_marks_worked_out_by_hand(wiring: Wiring, steps: list[int]) -> None:
    replay = await start(wiring)
    for count in steps:
        replay = await play(wiring, replay, count)
    # 5 000 - 8 300 - 4.15 (0.05 %) - 2.484 + 1.65; the last price never saw 30 000, the mark did: own margin 830, so
    # 0.9 x 33 200 / 0.996 = 30 000 and what is left of the margin, 30, is the fee.
    assert await cash(wiring, replay) == (D("4165.016"), [(12, D("-2.484")), (20, D("1.65"))])


async def test_a_short_position_gets_what_a_long_one_pays(wiring: Wiring) -> None:
    replay = await play(wiring, await start(wiring, OrderSide.SELL), 4)
    assert (await cash(wiring, replay))[1] == [(12, D("2.484"))]


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_a_power_cut_between_the_two_books_settles_once(wiring: Wiring, lost: int) -> None:
    asked = 0

    async def power_cut(step: Step) -> None:
        nonlocal asked
        asked += step.name == "after_funding"
        if asked == lost:
            raise RuntimeError("power cut")

    replay = await start(wiring)
    with pytest.raises(RuntimeError):
        await play(wiring, replay, 5, power_cut)
    async with wiring.db.read() as session:
        replay = await market.get_replay(session, SYSTEM, replay.id)
    replay = await play(wiring, replay, 5 - replay.bars_done)
    assert await cash(wiring, replay) == (D("4165.016"), [(12, D("-2.484")), (20, D("1.65"))])


async def test_without_marks_the_last_price_decides(wiring: Wiring) -> None:
    replay = await start(wiring)
    market.BarStore(wiring.settings.bars_dir).marks.delete(BTC_PERP.symbol, Timeframe.H4)
    replay = await play(wiring, replay, 5)
    # 0.25 x 33 100, the first price after 08:00, x 0.0003; and 30 500 is not yet the liquidation price.
    assert await cash(wiring, replay) == (
        D("5000") - 8300 - D("4.15") - D("2.4825") + D("1.65"),
        [
            (12, D("-2.4825")),
            (20, D("1.65")),
        ],
    )


async def test_the_simulator_is_charged_from_the_store_what_the_replay_is_charged(wiring: Wiring) -> None:
    replay = await play(wiring, await start(wiring), 5)
    store = market.BarStore(wiring.settings.bars_dir)
    async with wiring.db.read() as session:
        key = await market.series_key(session, BTC_PERP.symbol, Timeframe.H4)
        table = await market.read_table(store, key)
        carry = await market.read_carry(session, store, key, table)
    assert carry is not None
    closes = np.array([one.close_ms for one in bars(LAST)])
    columns = (table.open, table.high, table.low, table.close, table.volume)
    panel = make_panel(make_series("A", table.ts, *columns, close_ms=closes))
    target = np.full((len(table), 1), 0.25)
    stake = Stake(D(10), isolated=True, mark=carry.mark, funding=carry.funding)
    ground = lay_ground(panel, [BTC_PERP], broker_rate=0.0005, stakes={BTC_PERP.symbol: stake})
    signals = Signals(target, mark_episodes(target), sizing=Sizing.UNITS)
    made = simulate(panel, signals, Rules(cash=5000.0, can_short=True), ground=ground)
    assert made.cash[-1] == pytest.approx(float((await cash(wiring, replay))[0]))
