"""A strategy file dropped into the person's folder runs in a backtest, a sweep and a paper session, and nothing else is
touched; what it does wrong stops its own session alone."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from alphaloop.engine.backtest import BacktestResult
from alphaloop.engine.own_files import load_own
from alphaloop.engine.panel import Series, make_series
from alphaloop.engine.run import run_strategy
from alphaloop.entrypoints.cli import app
from alphaloop.entrypoints.turn import load_turns
from alphaloop.features.sessions import foreign
from alphaloop.features.sessions.foreign import ForeignRunner
from alphaloop.features.sessions.models import SessionStatus, TradingSession
from alphaloop.infra.http.doors import Wiring
from alphaloop.lab import sweep
from alphaloop.lab.bars import LabBars
from tests.builders import BTC, random_bars, table_of
from tests.journeys.test_backtest_is_replay import _replayed
from tests.journeys.test_loop import BOLLINGER, Floor, open_floor, wiring

__all__ = ["wiring"]

BARS = random_bars(130, seed=5, price=30_000, swing=0.01)
PARAMS = {"period": 6}


@pytest.fixture
def mine(wiring: Wiring) -> Path:
    """The file that `alphaloop new-strategy` writes, in the folder of the installation."""
    folder = wiring.settings.strategies_dir
    made = CliRunner().invoke(app, ["new-strategy", "mine", "--into", str(folder)])
    assert made.exit_code == 0, made.stderr
    return folder / "mine.py"


def series() -> Series:
    columns = ([float(getattr(bar, name)) for bar in BARS] for name in ("open", "high", "low", "close", "volume"))
    ts, ends = (np.array([getattr(bar, name) for bar in BARS], dtype=np.int64) for name in ("ts_ms", "close_ms"))
    return make_series(BTC.symbol, ts, *(np.array(column) for column in columns), close_ms=ends)


def runner_of(floor: Floor) -> ForeignRunner:
    (runner,) = floor.turns._runners.values()
    assert isinstance(runner, ForeignRunner)
    return runner


async def test_one_file_runs_in_a_backtest_a_sweep_and_a_session_with_the_same_trades(
    wiring: Wiring, mine: Path
) -> None:
    floor = await open_floor(wiring, table_of(BARS))
    account_id = await floor.start("user:mine", PARAMS)
    played = await floor.play(30)
    # The file's process is lost between two bars, and then the worker itself is started anew.
    lost = runner_of(floor)._child
    assert lost is not None
    os.kill(lost.pid, signal.SIGKILL)
    played += await floor.play(10)
    replaced = runner_of(floor)._child
    assert replaced is not lost
    await floor.turns.close()
    floor.turns = await load_turns(floor.trading, floor.turns.replay)
    played += await floor.play(1000)
    await floor.turns.close()
    replayed, fee, slippage = await _replayed(floor, account_id)

    strategy = load_own("user:mine", mine.parent)
    bars = series()
    made = run_strategy(
        strategy,
        bars,
        strategy.parse(PARAMS),
        cash=100_000.0,
        fee=fee,
        slippage=slippage,
        start_bar=len(BARS) - played,
        instruments=[BTC],
    )
    assert isinstance(made, BacktestResult)
    assert len(replayed) > 5
    assert np.where(made.fills.quantity > 0, "BUY", "SELL").tolist() == [side for side, _ in replayed]
    assert made.fills.price == pytest.approx([price for _, price in replayed], abs=0.0101)

    found = sweep(LabBars(bars, tuple(bars.ts_ms.tolist())), mine, {"period": [4, 6, 8]}, fee=fee)
    assert sorted(found["period"].to_list()) == [4, 6, 8]


WRONG = {
    "raises": ("close = nothing", "mine.py, line {line}: NameError"),
    "loops for ever": ("while True: pass", "took longer than"),
    "has the wrong shape": ("return Signals(np.zeros((1, 1)), np.zeros((1, 1), dtype=np.int64))", "shape"),
    "leaves": ("import os; os._exit(0)", "without a word"),
}


def spoil(path: Path, statement: str) -> int:
    """Put a statement into the file that is reached after 70 bars only: what fails at once is refused beforehand. Its
    line."""
    place = "    target = np.full(panel.close.shape, np.nan)\n"
    spoilt = f"    if len(panel.close) > 70:\n        {statement}\n{place}"
    path.write_text(path.read_text(encoding="utf-8").replace(place, spoilt), encoding="utf-8")
    return path.read_text(encoding="utf-8").splitlines().index(f"        {statement}") + 1


@pytest.mark.parametrize("how", WRONG)
async def test_a_file_that_goes_wrong_pauses_its_own_session_and_no_other(
    wiring: Wiring, mine: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(foreign, "ANSWER_S", 1.0)
    line = spoil(mine, WRONG[how][0])
    floor = await open_floor(wiring, table_of(BARS))
    await floor.start("user:mine", PARAMS)
    other = Floor(wiring, floor.actor)
    await other.start(*BOLLINGER)
    for _ in range(3):
        await floor.play(8)
        await other.play(8)
    async with wiring.db.read() as session:
        own, theirs = await session.scalars(select(TradingSession).order_by(TradingSession.id))
    assert (own.status, theirs.status) == (SessionStatus.PAUSED, SessionStatus.RUNNING)
    assert WRONG[how][1].format(line=line) in (own.reason or "")
    assert theirs.reason is None
    assert floor.turns._runners == {}
