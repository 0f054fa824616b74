"""Both Chan strategies trade a replay on several levels of real bars, and at every bar on which they speak the chart
shows the points that the engine knew."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from alphaloop.adapters.feeds._bar_files import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import ManualClock
from alphaloop.engine.features import Nested, nested_key, with_features
from alphaloop.engine.panel import make_panel, make_series
from alphaloop.engine.strategy import Chan, feature_key
from alphaloop.entrypoints.turn import load_turns
from alphaloop.entrypoints.web import make_wiring
from alphaloop.features.market.service import BarStore
from alphaloop.features.orders.models import FillRow, OrderRow
from alphaloop.features.research.service import Question, StructureBook, read_structure
from alphaloop.features.sessions import replays
from alphaloop.features.sessions import service as sessions
from alphaloop.features.signals.models import TradingSignal
from alphaloop.infra.db import Database
from alphaloop.infra.settings import Settings
from alphaloop.kernels.chan import POINT_KINDS
from tests.builders import BTC, add_person, add_series
from tests.journeys.test_loop import Floor

M5, M30 = Timeframe.M5, Timeframe.M30


@dataclass
class Spoken:
    """A signal, and what chart and engine knew at its bar."""

    signal: TradingSignal
    chart: dict[str, Any]
    known: dict[str, float]


class Watched(Floor):
    """A floor on five-minute bars whose chart is read whenever the strategy speaks."""

    table: BarTable
    needs: tuple[Chan | Nested, ...]

    async def begin(self, strategy: str, params: dict[str, Any], start_row: int) -> int:
        db, clock = self.wiring.db, self.wiring.clock
        async with db.write() as session:
            replay = await replays.start_replay(
                session,
                self.actor,
                BarStore(self.wiring.settings.bars_dir),
                clock=clock,
                instrument=BTC.symbol,
                timeframe=M5,
                start_ts=int(self.table.ts[start_row]),
                speed=0,
                cash=Decimal(100_000),
            )
            assert replay.account_id is not None
            request = sessions.NewSessionRequest(
                replay.account_id, strategy, params, BTC.symbol, M5, allocation=Decimal("0.15")
            )
            await sessions.create_session(session, self.actor, request, clock=clock)
        self.turns = await load_turns(self.trading, replay)
        return replay.account_id

    async def listen(self, bars: int) -> list[Spoken]:
        """Play that many bars; every new signal with what was known as it was fired."""
        heard: list[Spoken] = []
        for _ in range(bars):
            await self.play(1)
            async with self.wiring.db.read() as session:
                signals = list(await session.scalars(select(TradingSignal).order_by(TradingSignal.id)))
            if len(signals) > len(heard):
                heard.append(Spoken(signals[-1], await self.chart(), self.known()))
        return heard

    async def chart(self) -> dict[str, Any]:
        store = BarStore(self.wiring.settings.bars_dir)
        question = Question(BTC.symbol, M5, replay_id=self.turns.replay.id)
        async with self.wiring.db.read() as session:
            return await read_structure(session, self.actor, store, StructureBook(), question, levels=[M30])

    def known(self) -> dict[str, float]:
        """The columns of the newest bar, from the bars up to it and no further."""
        stop = int(np.searchsorted(self.table.ts, self.turns.replay.cursor_ts, side="right"))
        columns = (self.table.open, self.table.high, self.table.low, self.table.close, self.table.volume)
        series = make_series("BTC", self.table.ts[:stop], *(column[:stop] for column in columns))
        features = with_features(make_panel(series), self.needs).features
        return {name: float(values[-1, 0]) for name, values in features.items()}


async def open_floor(db: Database, clock: ManualClock, home: Path, data: Path, span: slice) -> Watched:
    wiring = replace(make_wiring(Settings(home=home), clock=clock), db=db)
    table = read_bar_file(data / "data/bars/crypto/binance/BTCUSDT/5m.parquet")
    columns = {name: getattr(table, name)[span] for name in ("ts", "open", "high", "low", "close", "volume")}
    part = BarTable.of(columns, price_decimals=table.price_decimals, volume_decimals=table.volume_decimals)
    actor = await add_person(db, clock)
    await add_series(db, clock, BarStore(wiring.settings.bars_dir), BTC, part, M5)
    floor = Watched(wiring, actor)
    floor.table = part
    return floor


def newest(points: list[dict[str, Any]]) -> dict[str, Any]:
    """The mark furthest to the right; of several at one place the first."""
    return max(points, key=lambda point: point["ts"])


def assert_same(mark: dict[str, Any], known: dict[str, float], kind: str, price: str, sure: str) -> None:
    assert (mark["kind"], float(mark["price"])) == (POINT_KINDS[int(known[kind])], known[price])
    assert mark["sure"] == bool(known[sure])


@pytest.mark.data
async def test_nested_intervals_trade_a_replay_and_the_chart_shows_why(
    db: Database, clock: ManualClock, tmp_path: Path, test_data: Path
) -> None:
    """The two turns of February 13th 2023: the first is bought and stopped out, the second is bought and held."""
    floor = await open_floor(db, clock, tmp_path / "home", test_data, slice(10_000, 12_700))
    high, nest = Chan("30m"), Nested(("30m", None))
    floor.needs = (high, nest)
    account = await floor.begin("chan/nested_intervals", {"levels": "30m,own"}, 2580)
    spoken = await floor.listen(40)
    rows = [int(np.searchsorted(floor.table.ts, one.signal.ts_ms)) for one in spoken]
    assert rows == [2587, 2600]
    for one in spoken:
        assert (one.signal.direction, one.signal.reason) == ("LONG", "buy point nested")
        half_hour = one.chart["levels"][0]
        mark = newest(half_hour["points"])
        assert_same(mark, one.known, *(feature_key(high, f"point_{name}") for name in ("kind", "price", "sure")))
        (stroke,) = (line for line in half_hour["strokes"] if line["n"] == mark["line"])
        inside = [
            point
            for point in one.chart["points"]
            if point["side"] == mark["side"] and stroke["start_ts"] <= point["ts"] < stroke["end_ts"] + M30.ms
        ]
        names = (nested_key(nest, f"nested_{name}") for name in ("kind", "price", "sure"))
        assert_same(newest(inside), one.known, *names)
        assert one.signal.stop_loss is not None
        assert float(one.signal.stop_loss) == pytest.approx(float(mark["price"]) * 0.998, abs=0.01)
    await assert_traded(db, account, ["BUY", "SELL", "BUY"])


@pytest.mark.data
async def test_several_levels_trade_a_replay_and_the_chart_shows_why(
    db: Database, clock: ManualClock, tmp_path: Path, test_data: Path
) -> None:
    """January 3rd 2023: a weaker fall on five minutes while half an hour and four hours rise."""
    floor = await open_floor(db, clock, tmp_path / "home", test_data, slice(0, 800))
    own, high = Chan(), Chan("30m")
    floor.needs = (own, high)
    account = await floor.begin("chan/multi_level", {"levels": "own,30m,4h"}, 670)
    spoken = await floor.listen(95)
    assert [int(np.searchsorted(floor.table.ts, one.signal.ts_ms)) for one in spoken] == [681, 757]
    for one in spoken:
        assert (one.signal.direction, one.signal.reason) == ("LONG", "buy point confirmed")
        names = (feature_key(own, f"point_{name}") for name in ("kind", "price", "sure"))
        assert_same(newest(one.chart["points"]), one.known, *names)
        stroke = one.chart["levels"][0]["strokes"][-1]
        assert (stroke["direction"] == "up") == (one.known[feature_key(high, "stroke_direction")] > 0)
    await assert_traded(db, account, ["BUY", "SELL"])


async def assert_traded(db: Database, account: int, sides: list[str]) -> None:
    """The fills began with these sides; what ended a trade was the stop that stood as an order since its entry."""
    async with db.read() as session:
        fills = list(await session.scalars(select(FillRow).where(FillRow.account_id == account).order_by(FillRow.id)))
        orders = list(
            await session.scalars(select(OrderRow).where(OrderRow.account_id == account).order_by(OrderRow.id))
        )
    assert [one.side for one in fills[: len(sides)]] == sides
    assert [(one.role, one.type, one.status) for one in orders[:2]] == [
        ("ENTRY", "MARKET", "FILLED"),
        ("STOP", "STOP", "FILLED"),
    ]
