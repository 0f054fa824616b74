"""A replay under a market's rules: ex-dates come before their bars, and the account's terms reach the venue."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from alphaloop.adapters.feeds import ListedAction
from alphaloop.adapters.venues.paper import PaperAccount, PaperVenue
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import ManualClock, to_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import ZERO
from alphaloop.entrypoints import rooms
from alphaloop.entrypoints.turn import Trading, load_turns
from alphaloop.entrypoints.web import make_wiring
from alphaloop.features.accounts import service as accounts
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.market import service as market
from alphaloop.features.market.models import Replay, StoredMode
from alphaloop.features.market.naming import Hints, name_instrument
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.execution import Execution
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.sessions import replays
from alphaloop.infra.db import Database
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.identity import SYSTEM
from alphaloop.infra.outbox import Dispatcher
from alphaloop.infra.settings import Settings
from tests.builders import CEILING, GENEROUS, D, add_person, add_series, table_of, wish

pytestmark = pytest.mark.database

# 6 May 2024 was a Monday; 0.4 a share is paid and every two shares get a third on the Thursday.
MONDAY, EX_DATE = date(2024, 5, 6), date(2024, 5, 9)
ACTION = CorporateAction(EX_DATE, cash=D("0.4"), bonus=D("0.5"))
PRICES = ("10", "10", "10", "6.4", "6.4")
MOUTAI = name_instrument("SH600519", Hints()).instrument
APPLE = name_instrument("AAPL", Hints()).instrument


@pytest.fixture
async def wiring(db: Database, clock: ManualClock, tmp_path: Path) -> Wiring:
    return replace(make_wiring(Settings(home=tmp_path / "home"), clock=clock), db=db)


def week(share: Instrument) -> list[Bar]:
    calendar, made = find_calendar(share.calendar), []
    for n, price in enumerate(PRICES):
        ts = to_ms(datetime(MONDAY.year, MONDAY.month, MONDAY.day, tzinfo=UTC) + timedelta(days=n))
        closes = calendar.close_ms(ts, Timeframe.D1)
        worth = D(price)
        made.append(Bar(share.symbol, Timeframe.D1, ts, closes, worth, worth, worth, worth, D(100_000)))
    return made


def make_floor(wiring: Wiring) -> Trading:
    paper = PaperVenue(wiring.db, wiring.clock)
    execution = Execution(wiring.db, wiring.clock, {"paper": paper})

    async def unheard(_event: Event) -> None:
        return None

    return Trading(wiring, execution, paper, Dispatcher(wiring.db, wiring.clock, rooms.listeners(), unheard))


async def start(wiring: Wiring, share: Instrument, held_as: StoredMode) -> Replay:
    """A replay that stands on the first bar, with 100 shares ordered for the second."""
    db, clock, store = wiring.db, wiring.clock, market.BarStore(wiring.settings.bars_dir)
    actor = await add_person(db, clock)
    await add_series(db, clock, store, share, table_of(week(share)), Timeframe.D1)
    name, day = share.symbol, Timeframe.D1
    async with db.write() as session:
        await risk.write_config(session, actor, GENEROUS, clock=clock)
        await market.state_mode(session, SYSTEM, clock, instrument=name, timeframe=day, held_as=held_as)
        await market.bring_actions(session, SYSTEM, clock, [ListedAction(share.symbol, ACTION)], source="test")
        replay = await replays.start_replay(
            session,
            actor,
            store,
            clock=clock,
            instrument=name,
            timeframe=day,
            start_ts=week(share)[0].ts_ms,
            speed=0,
            cash=D(10_000),
        )
        (account,) = await accounts.accounts_on_replay(session, replay.id)
        bought = wish(quantity=100, instrument=share)
        await orders.submit(session, actor, account, bought, ceiling=CEILING, clock=clock)
    return replay


async def play(wiring: Wiring, replay: Replay, bars: int) -> Replay:
    """So many bars by a process that has just started."""
    floor = make_floor(wiring)
    turns = await load_turns(floor, replay)
    async with wiring.db.read() as session:
        (account,) = await accounts.accounts_on_replay(session, replay.id)
    await floor.serve_orders(account)
    for coming in await turns.next_bars(bars):
        await turns.run(coming)
    return turns.replay


async def held(wiring: Wiring, replay: Replay, share: Instrument) -> tuple[Decimal, Decimal, Decimal]:
    """Shares, cash and equity; the venue's own book must say the same and the ledger must be sound."""
    async with wiring.db.read() as session:
        (account,) = await accounts.accounts_on_replay(session, replay.id)
        worth = await positions.worth(session, account)
        position = await positions.find_position(session, account.id, share.symbol)
        ours = await ledger.balances(session, ledger.ACCOUNT, account.id)
        assert await find_violations(session) == []
    theirs = await PaperVenue(wiring.db, wiring.clock).balances(account.id)
    assert {asset: one.total for asset, one in ours.items() if one.total} == theirs
    return position.quantity if position else ZERO, worth.cash, worth.equity


@pytest.mark.parametrize("share", [MOUTAI, APPLE], ids=["with limits and T+1", "without memory"])
@pytest.mark.parametrize("steps", [[4], [1, 1, 1, 1], [2, 2]], ids=str)
async def test_an_ex_date_in_a_replay_is_booked_once_before_its_bar(
    wiring: Wiring, share: Instrument, steps: list[int]
) -> None:
    replay = await start(wiring, share, StoredMode.RAW)
    before = replay
    for bars in steps:
        replay = await play(wiring, replay, bars)
    assert replay.bars_done == 4
    shares, cash, equity = await held(wiring, replay, share)
    assert shares == 150
    # 150 shares at 6.40 and 40 in cash are what 100 shares at 10 were: only the fees are gone.
    fees = 10_000 - equity
    assert 0 < fees < 10
    assert cash == equity - 150 * D("6.4")
    assert before.account_id == replay.account_id


async def test_prices_that_carry_the_dividend_already_get_none(wiring: Wiring) -> None:
    replay = await play(wiring, await start(wiring, APPLE, StoredMode.FORWARD), 4)
    shares, _, _ = await held(wiring, replay, APPLE)
    assert shares == 100


async def test_a_replay_account_starts_with_its_markets_preset(wiring: Wiring) -> None:
    replay = await start(wiring, MOUTAI, StoredMode.RAW)
    async with wiring.db.read() as session:
        (account,) = await accounts.accounts_on_replay(session, replay.id)
    assert (account.market, account.quote_asset, account.fee_rate) == ("cn_a", "CNY", D("0.00025"))
    assert account.opening_cash == 10_000


async def test_the_terms_of_an_account_reach_the_venue(wiring: Wiring) -> None:
    replay = await start(wiring, APPLE, StoredMode.RAW)
    async with wiring.db.write() as session:
        (account,) = await accounts.accounts_on_replay(session, replay.id)
        account.leverage, account.isolated, account.fractional = D(2), True, True
    await make_floor(wiring).prepare(account, APPLE)
    async with wiring.db.read() as session:
        opened = await session.get(PaperAccount, account.id)
    assert opened is not None
    assert (opened.leverage, opened.isolated, opened.fractional) == (D(2), True, True)
