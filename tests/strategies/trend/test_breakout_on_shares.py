"""The breakout on real A-shares: boards that were locked in 2015 are locked in the simulator too."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.engine.backtest import BacktestResult, result_rows, run_backtest
from alphaloop.engine.panel import make_series
from alphaloop.engine.simulate import Obstacle
from alphaloop.engine.strategy import load_strategy

FOLDER = "data/bars/equity_cn/sse_szse"


def dates(root: Path, name: str) -> list[date]:
    return pl.read_parquet(root / FOLDER / name / "1d.parquet")["ts"].dt.date().to_list()


def broken_out(root: Path, name: str, *, by_ratio: float | None = None, ruled: bool = True) -> BacktestResult:
    frame = pl.read_parquet(root / FOLDER / name / "1d.parquet")
    columns = [frame[one].to_numpy() for one in ("open", "high", "low", "close", "volume")]
    bars = make_series(name, frame["ts"].dt.epoch("ms").to_numpy(), *columns)
    venue = "XSHG" if name.startswith("SH") else "XSHE"
    share = Instrument(
        f"{name[2:]}@{venue}", AssetClass.EQUITY, name[2:], "CNY", Decimal("0.01"), Decimal(100), ZERO, venue
    )
    strategy = load_strategy("trend/breakout")
    if not ruled:
        return run_backtest(strategy, bars, strategy.parse({}), fee=0.00025)
    return run_backtest(
        strategy,
        bars,
        strategy.parse({}),
        fee=0.00025,
        instruments=[share],
        sessions=dates(root, "SZ399986"),
        by_ratio=by_ratio,
    )


@pytest.mark.data
def test_a_board_locked_for_thirteen_days_in_2015_is_bought_when_it_opens(test_data: Path) -> None:
    found = broken_out(test_data, "SZ000938", by_ratio=0.002).unfilled
    told = dates(test_data, "SZ000938")
    locked = [
        (told[row], told[filled])
        for row, filled, why, entry in zip(found.row, found.filled, found.obstacle, found.entry, strict=True)
        if why == Obstacle.LIMIT and entry
    ]
    assert [first for first, _ in locked] == [date(2015, 5, 28)]
    assert told.index(locked[0][1]) - told.index(locked[0][0]) == 13


@pytest.mark.data
def test_raw_bars_keep_to_their_limits_but_on_ex_dates_and_the_report_says_so(test_data: Path) -> None:
    result = broken_out(test_data, "SH600519")
    counts = result_rows(result)["unfilled"]
    assert counts["entries"]["asked"] >= counts["entries"]["unfilled"]
    assert f"of {counts['entries']['asked']}" in str(result)
    # Moutai gave one share for ten on 2011-07-01, 2014-06-25 and 2015-07-17; its dividends move the price by far less.
    assert [(note.code, dict(note.params)) for note in result.notes] == [("outside_limits", {"days": 3})]


@pytest.mark.data
def test_without_rules_nothing_is_unfillable(test_data: Path) -> None:
    found = broken_out(test_data, "SZ000938", ruled=False).unfilled
    assert len(found.row) == 0
    assert found.entries > 10
