"""Inputs besides prices stand beside a row only when they could be known at its close."""

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.extras import Extra, lay, lay_extras
from alphaloop.engine.panel import Panel, Series, make_panel, make_series

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


def bars(name: str = "AAPL@XNAS", rows: int = 10, *, step: int = DAY_MS, length: int = 21 * HOUR_MS) -> Series:
    ts = np.arange(rows, dtype=np.int64) * step
    close = np.full(rows, 10.0)
    return make_series(name, ts, close, close, close, close, close, close_ms=ts + length)


def extra(days: list[float], values: list[float], **more: object) -> Extra:
    ts = np.array([round(day * DAY_MS) for day in days], dtype=np.int64)
    return Extra(ts, np.array(values, dtype=np.float64), **more)  # type: ignore[arg-type]


def laid(one: Extra, panel: Panel | None = None, name: str = "vix") -> list[float]:
    column: list[float] = lay(name, one, panel or make_panel(bars()))[:, 0].tolist()
    return column


def test_a_daily_value_is_known_with_the_daily_bar_of_its_session_and_by_no_intraday_bar_before() -> None:
    daily = extra([0, 1, 2, 3], [1, 2, 3, 4])
    assert laid(daily)[:4] == [1, 2, 3, 4]
    hours = make_panel(bars(rows=49, step=HOUR_MS, length=HOUR_MS))
    found = laid(daily, hours)
    assert np.isnan(found[:23]).all()
    assert found[23:47] == [1] * 24
    assert found[47] == 2


def test_a_slower_value_is_known_when_its_period_is_over() -> None:
    monthly = extra([0, 30, 60], [1, 2, 3])
    found = laid(monthly, make_panel(bars(rows=100)))
    assert np.isnan(found[:29]).all()
    assert (found[29], found[58], found[59], found[89], found[99]) == (1, 1, 2, 3, 3)


def test_a_daily_value_stands_for_a_week_and_a_slow_one_for_400_days() -> None:
    panel = make_panel(bars(rows=450))
    assert np.isfinite(laid(extra([0, 1, 2], [1, 2, 3]), panel)).sum() == 10
    snapshots = extra([0.5], [7], symbols=("AAPL",))
    assert np.isfinite(laid(snapshots, panel)).sum() == 400


def test_a_filing_is_seen_from_its_own_moment_and_an_older_period_never_hides_a_newer_one() -> None:
    known = np.array([5.9, 3.5, 7.5]) * DAY_MS  # the first bar to close after each: 6, 3 and 7
    filed = extra([0, 1, 2], [1, 2, 3], symbols=("aapl",) * 3, known_ms=known.astype(np.int64))
    found = laid(filed, name="return_on_assets")
    assert np.isnan(found[:3]).all()
    assert found[3:] == [2, 2, 2, 2, 3, 3, 3]


def test_each_instrument_has_its_own_values_by_its_code() -> None:
    table = extra([0.5, 0.5], [1, 2], symbols=("AAPL", "MSFT"))
    made = lay_extras({"quality": table}, [bars("MSFT@XNAS"), bars("AAPL@XNAS"), bars("KO@XNYS")])["quality"]
    assert made[5, :2].tolist() == [2, 1]
    assert np.isnan(made[:, 2]).all()


def test_a_return_stands_on_its_own_row_alone() -> None:
    found = laid(extra([0, 2], [0.01, 0.02]), name="smb")
    assert np.nan_to_num(found).tolist() == [0.01, 0, 0.02, *[0] * 7]


def test_what_was_never_known_in_the_time_of_the_bars_is_refused() -> None:
    with pytest.raises(InvalidError) as refused:
        laid(extra([100, 101], [1, 2]))
    assert refused.value.code == "extra_elsewhere"


@pytest.mark.parametrize("rows", [3, 5, 8])
def test_a_prefix_of_the_rows_knows_the_same(rows: int) -> None:
    known = np.array([1.2, 5.5, 4.4, 8.1]) * DAY_MS
    one = extra([0, 1, 2, 3], [1, 2, 3, 4], symbols=("AAPL",) * 4, known_ms=known.astype(np.int64))
    whole = laid(one, make_panel(bars(rows=10)))
    np.testing.assert_array_equal(laid(one, make_panel(bars(rows=rows))), whole[:rows])
