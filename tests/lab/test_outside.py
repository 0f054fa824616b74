"""Signals from elsewhere: aligned by time, traded at the next open, refused wherever a row would have to be moved."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError
from alphaloop.lab import LabBars, LabResult

BARS = al.load("sample")
ROWS = len(BARS)
TARGET = np.where(np.arange(ROWS) % 20 < 10, 1.0, 0.0)
TIMES = pd.to_datetime(BARS.series.ts_ms, unit="ms")


@pytest.fixture(scope="module")
def plain() -> LabResult:
    return al.backtest_signals(BARS, TARGET, fee=0.0005)


def test_what_is_given_for_a_row_trades_at_the_next_open(plain: LabResult) -> None:
    fills = plain.fills
    assert fills.row[0] == 1
    assert ((fills.row - 1) % 10 == 0).all()
    np.testing.assert_array_equal(fills.price, BARS.series.open[fills.row])


def test_a_later_signal_changes_nothing_before_it(plain: LabResult) -> None:
    other = TARGET.copy()
    other[3000:] = 0.5
    changed = al.backtest_signals(BARS, other, fee=0.0005)
    np.testing.assert_array_equal(changed.equity[:3001], plain.equity[:3001])
    assert changed.run_id != plain.run_id


def test_every_shape_of_the_same_signals_is_the_same_run(plain: LabResult, tmp_path: Path) -> None:
    wide = pl.DataFrame({"Date": BARS.labels, "SPX": TARGET})
    wide.write_csv(tmp_path / "wide.csv")
    long = pl.DataFrame({"ts": BARS.series.ts_ms, "target": TARGET, "symbol": ["SPX"] * ROWS})
    long.write_parquet(tmp_path / "long.parquet")
    changes = np.flatnonzero(np.r_[True, TARGET[1:] != TARGET[:-1]])
    shapes = [
        TARGET.tolist(),
        TARGET.reshape(-1, 1),
        pd.Series(TARGET, index=TIMES),
        pd.DataFrame({"target": TARGET}, index=TIMES),
        wide,
        tmp_path / "wide.csv",
        str(tmp_path / "long.parquet"),
    ]
    for shape in shapes:
        assert al.backtest_signals(BARS, shape, fee=0.0005).run_id == plain.run_id
    ends = pd.Series(TARGET, index=pd.to_datetime(BARS.series.close_ms, unit="ms"))
    assert al.backtest_signals(BARS, ends, label="close", fee=0.0005).run_id == plain.run_id
    # Silence between decisions leaves what was wanted standing.
    sparse = al.backtest_signals(BARS, pd.Series(TARGET, index=TIMES).iloc[changes], fee=0.0005)
    np.testing.assert_array_equal(sparse.equity, plain.equity)


def test_a_strategy_and_its_own_signals_taken_elsewhere_trade_alike() -> None:
    made = al.backtest(BARS, "reversion/bollinger", fee=0.0005)
    frame = pl.DataFrame({"ts": BARS.series.ts_ms, "target": made.signals.target[:, 0]}).to_pandas()
    again = al.backtest_signals(BARS, frame.set_index("ts"), fee=0.0005)
    assert again.metrics["trades"] == made.metrics["trades"]
    assert again.metrics["final_equity"] == made.metrics["final_equity"]


def test_stops_ride_along() -> None:
    stop = np.where(TARGET > 0.0, BARS.series.close * 0.97, np.nan)
    stopped = al.backtest_signals(BARS, TARGET, stop=stop)
    assert (stopped.fills.reason == 1).sum() > 10
    frame = pl.DataFrame({"ts": BARS.series.ts_ms, "target": TARGET, "stop": stop})
    assert al.backtest_signals(BARS, frame).run_id == stopped.run_id
    risky = al.backtest_signals(BARS, frame, sizing="risk", risk_fraction=0.02)
    assert risky.metrics["final_equity"] != stopped.metrics["final_equity"]


def test_several_instruments_are_columns_or_named_rows() -> None:
    two = [BARS, al.load("IXIC")]
    targets = np.column_stack([TARGET * 0.5, (1.0 - TARGET) * 0.5])
    rows = len(np.unique(np.concatenate([one.series.ts_ms for one in two])))
    assert rows == ROWS
    both = al.backtest_signals(two, targets)
    frame = pl.DataFrame({"ts": BARS.series.ts_ms, "SPX": targets[:, 0], "IXIC": targets[:, 1]})
    long = frame.unpivot(index="ts", variable_name="symbol", value_name="target")
    assert al.backtest_signals(two, frame).run_id == both.run_id == al.backtest_signals(two, long).run_id
    for wrong in (frame.rename({"IXIC": "DAX"}), long.with_columns(symbol=pl.lit("DAX"))):
        with pytest.raises(InvalidError) as refused:
            al.backtest_signals(two, wrong)
        assert refused.value.fields[0][1] == "unknown_symbol"
    with pytest.raises(InvalidError) as refused:
        al.backtest_signals(two, long.drop("symbol"))
    assert refused.value.fields == (("column symbol", "no_such_column"),)


def broken() -> dict[str, tuple[object, dict[str, object]]]:
    series = pd.Series(TARGET, index=TIMES)
    shifted = pd.Series(TARGET, index=TIMES + pd.Timedelta(hours=1))
    return {
        "bad_length": (TARGET[:-1], {}),
        "not_a_number": (["a"] * ROWS, {}),
        "unknown_time": (shifted, {}),
        "not_increasing": (pd.concat([series.iloc[:5], series.iloc[4:]]), {}),
        "no_such_column": (pl.DataFrame({"target": TARGET}), {}),
        "not_a_choice": (TARGET, {"label": "middle"}),
        "unknown": (TARGET, {"fill": "close"}),
        "unreadable": ("nothing.csv", {}),
        "missing": (None, {}),
    }


@pytest.mark.parametrize("code", list(broken()))
def test_what_does_not_fit_is_refused_by_name(code: str) -> None:
    target, options = broken()[code]
    with pytest.raises(InvalidError) as refused:
        al.backtest_signals(BARS, target, **options)
    assert refused.value.code == "bad_signals"
    assert refused.value.fields[0][1] == code
    if code == "unknown_time":
        assert refused.value.fields[0][0] == "row 0"


def test_a_cell_that_is_no_number_is_named_and_infinity_is_refused() -> None:
    with pytest.raises(InvalidError, match="Row 0, column target: a price or volume is not a number"):
        al.backtest_signals(BARS, pl.DataFrame({"ts": ["2000-01-03"], "target": ["much"]}))
    with pytest.raises(InvalidError) as refused:
        al.backtest_signals(BARS, np.where(TARGET > 0, np.inf, 0.0))
    assert refused.value.code == "bad_signals"


def test_bars_are_not_changed_by_a_run(plain: LabResult) -> None:
    assert isinstance(BARS, LabBars)
    assert TARGET[0] == 1.0
    assert plain.strategy == "signals"


def test_a_table_without_rows_wants_nothing() -> None:
    silent = al.backtest_signals(BARS, pl.DataFrame(schema={"ts": pl.Int64, "target": pl.Float64}))
    assert silent.metrics["trades"] == silent.metrics["open_trades"] == 0
