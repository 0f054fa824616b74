"""The report of a run: every figure follows from the fills, and what cannot be told is None."""

import json
from typing import Any

import numpy as np
import pytest

import alphaloop as al
from alphaloop.engine.backtest import BacktestResult
from alphaloop.engine.report import benchmark_beside, find_gaps, make_report
from alphaloop.engine.report_parts import CURVE_POINTS


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    made: BacktestResult = al.lab.backtest(al.lab.load("sample"), "reversion/bollinger", fee=0.0005)
    return made


@pytest.fixture(scope="module")
def report(result: BacktestResult) -> dict[str, Any]:
    return make_report(result, benchmark=result.panel.close[:, 0], draws=100)


def test_it_is_plain_json_without_infinities(report: dict[str, Any]) -> None:
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_the_parts_add_up(result: BacktestResult, report: dict[str, Any]) -> None:
    total = sum(trade["pnl"] for trade in report["trades"])
    assert sum(one["pnl"] for one in report["instruments"]) == pytest.approx(total)
    assert sum(one["pnl"] for one in report["reasons"]) == pytest.approx(total)
    assert sum(one["trades"] for one in report["reasons"]) == len(result.trades)
    months = np.array([row["months"] for row in report["monthly"]], dtype=float)
    grown = np.prod(1.0 + months[np.isfinite(months)]) - 1.0
    first = result.equity[result.rules.start]
    assert grown == pytest.approx(result.equity[-1] / first - 1.0)


def test_the_thinned_curve_keeps_its_end_and_its_deepest_point(result: BacktestResult, report: dict[str, Any]) -> None:
    curve = report["curve"]
    assert len(curve["ts"]) <= CURVE_POINTS + 1
    assert curve["equity"][-1] == result.equity[-1]
    assert max(curve["drawdown"]) == pytest.approx(report["metrics"]["max_drawdown"])
    assert curve["ts"] == sorted(set(curve["ts"]))
    assert len(curve["benchmark"]) == len(curve["ts"])


def test_excursions_hold_the_trade_between_them(report: dict[str, Any]) -> None:
    for trade in report["trades"]:
        move = trade["exit_price"] / trade["entry_price"] - 1.0
        assert -trade["mae"] - 1e-12 <= move <= trade["mfe"] + 1e-12


def test_the_benchmark_has_beta_one_against_itself(result: BacktestResult) -> None:
    made = make_report(result, benchmark=result.equity, draws=0)
    assert made["metrics"]["beta"] == pytest.approx(1.0)
    assert made["metrics"]["alpha"] == pytest.approx(0.0, abs=1e-9)
    assert made["intervals"] == {}


def test_intervals_hold_their_figure(report: dict[str, Any]) -> None:
    for name, (low, high) in report["intervals"].items():
        assert low <= report["metrics"][name] <= high


def test_a_gap_is_told_and_weekends_are_not() -> None:
    day = 86_400_000
    weeks = np.array([day * (7 * week + weekday) for week in range(20) for weekday in range(5)], dtype=np.int64)
    assert find_gaps(weeks) == []
    cut = np.delete(weeks, np.arange(40, 60))
    assert find_gaps(cut) == [{"from_ts": int(cut[39]), "to_ts": int(cut[40])}]


def test_a_benchmark_stands_beside_each_row_as_it_was_known() -> None:
    beside = benchmark_beside(np.array([5, 10, 15]), np.array([8, 12]), np.array([1.0, 2.0]))
    assert np.array_equal(beside, np.array([np.nan, 1.0, 2.0]), equal_nan=True)
