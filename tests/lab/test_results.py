"""A result's tables: the same figures in every shape, and returns that other packages judge as we do."""

from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import polars as pl
import pytest

import alphaloop as al
from alphaloop.engine.backtest import periods_per_year
from alphaloop.lab import LabResult
from tests.lab.universes import flat


@pytest.fixture(scope="module")
def result() -> LabResult:
    return al.backtest(al.load("sample"), "reversion/bollinger", fee=0.0005)


def test_the_tables_hold_what_the_run_holds(result: LabResult) -> None:
    trades = result.trades_frame
    assert trades.height == result.metrics["trades"]
    first = result.trades[0]
    row = trades.row(0, named=True)
    assert (row["instrument"], row["side"], row["pnl"]) == (first.instrument, first.side, first.pnl)
    assert row["entry_ts"].timestamp() * 1000 == result.panel.ts_ms[first.entry_row]
    assert trades["return"][0] == pytest.approx(first.pnl / (first.quantity * first.entry_price))
    assert result.equity_frame["equity"].to_list() == result.equity.tolist()
    assert result.equity_frame["drawdown"].max() == pytest.approx(result.metrics["max_drawdown"])
    assert result.fills_frame["fee"].sum() == pytest.approx(result.metrics["fees"])
    assert dict(result.metrics_frame.iter_rows()) == result.metrics


def test_csv_and_pandas_say_the_same_as_polars(result: LabResult, tmp_path: Path) -> None:
    paths = result.to_csv(tmp_path / "out")
    assert [path.name for path in paths] == ["trades.csv", "equity.csv", "fills.csv", "metrics.csv"]
    read = pl.read_csv(paths[0], try_parse_dates=True)
    assert read["pnl"].to_list() == result.trades_frame["pnl"].to_list()
    frames = result.to_pandas()
    assert list(frames) == ["trades", "equity", "fills", "metrics"]
    assert frames["trades"]["pnl"].tolist() == result.trades_frame["pnl"].to_list()
    assert str(frames["equity"]["ts"].dt.tz) == "UTC"
    assert frames["equity"]["ts"].iloc[0] == pd.Timestamp("1999-01-04", tz="UTC")


def test_returns_are_judged_alike_by_others(result: LabResult) -> None:
    returns, metrics = result.returns, result.metrics
    year = periods_per_year(result.panel.ts_ms)
    assert isinstance(returns.index, pd.DatetimeIndex)
    assert returns.index[0] == pd.Timestamp(result.panel.ts_ms[result.rules.start], unit="ms")
    assert empyrical.sharpe_ratio(returns, annualization=year) == pytest.approx(metrics["sharpe"], rel=1e-12)
    assert -empyrical.max_drawdown(returns) == pytest.approx(metrics["max_drawdown"], rel=1e-12)
    assert empyrical.cum_returns_final(returns) == pytest.approx(metrics["total_return"], rel=1e-12)
    # quantstats 0.0.86 on these returns: sharpe, sortino, cagr and calmar with periods=year, max_drawdown, comp.
    told = (0.3002371184413357, 0.44214593521431184, 0.0302070639886598, 0.0830822785215981, 0.36358011029761494)
    ours = [metrics[name] for name in ("sharpe", "sortino", "cagr", "calmar", "max_drawdown")]
    assert ours == pytest.approx(told, rel=1e-12)
    assert metrics["total_return"] == pytest.approx(0.808941066880007, rel=1e-12)


def test_intraday_returns_are_told_by_day() -> None:
    bars = flat("A", 96, step_ms=3_600_000)
    result = al.backtest_signals(bars, np.ones(96))
    assert len(result.returns) == 4
    assert float((1.0 + result.returns).prod()) == pytest.approx(result.equity[-1] / result.rules.cash)


def test_a_notebook_shows_the_figures_and_not_the_arrays(result: LabResult) -> None:
    assert repr(result) == str(result)
    assert len(repr(result).splitlines()) < 30
    assert al.report(result)["run_id"] == result.run_id


def test_a_run_without_trades_has_empty_tables() -> None:
    result = al.backtest_signals(flat("A", 50), np.zeros(50))
    assert result.trades_frame.is_empty()
    assert result.fills_frame.is_empty()
    assert result.returns.tolist() == [0.0] * 50
