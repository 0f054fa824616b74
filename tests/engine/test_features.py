"""Declared features: what was known at each row, the same in one batch and row by row, whatever the levels."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.features import FeatureFeed, Need, Nested, chan_levels, nested_key, with_features
from alphaloop.engine.invariance import check_features_step
from alphaloop.engine.panel import Panel, Series, cut, make_panel, make_series
from alphaloop.engine.strategy import Chan, feature_key, list_strategies
from alphaloop.kernels.chan import POINT_KINDS
from alphaloop.kernels.chan.nesting import links, nested_points
from alphaloop.kernels.chan.nesting_asof import NESTED
from alphaloop.lab import load

MINUTE = 60_000
NEST = Nested(("15m", None))
ANY_STRATEGY = list_strategies()[0]


def walk(rows: int, seed: int, *, step: int = 5, gaps: bool = False) -> Series:
    """A walk on a coarse grid, `step` minutes a bar; with gaps a tenth is missing and nights are shut."""
    rng = np.random.default_rng(seed)
    close = 500.0 + np.cumsum(rng.integers(-3, 4, rows))
    close += max(0.0, 2.0 - close.min()) + 3.0
    opened = np.r_[close[0], close[:-1]]
    high, low = np.maximum(opened, close) + 1, np.minimum(opened, close) - 1
    ts = np.arange(rows, dtype=np.int64) * step * MINUTE
    columns = [ts, opened, high, low, close, np.ones(rows)]
    if gaps:
        hours = ts // (60 * MINUTE) % 24
        kept = (rng.random(rows) < 0.9) & (hours >= 2) & (hours < 15)
        columns = [column[kept] for column in columns]
    return make_series(f"walk{seed}", *columns, close_ms=columns[0] + step * MINUTE)


def absent(panel: Panel, share: float) -> Panel:
    """The same panel with some bars of its last instrument taken away."""
    gone = np.random.default_rng(7).random(len(panel.ts_ms)) < share
    for values in (panel.open, panel.high, panel.low, panel.close, panel.volume):
        values[gone, -1] = np.nan
    return panel


def step_differences(panel: Panel, needs: list[Need]) -> list[str]:
    return check_features_step(panel, replace(ANY_STRATEGY, needs=lambda params: needs), None)


@pytest.mark.parametrize(
    "needs",
    [
        [NEST],
        [Nested(("4h", "30m", None)), Chan("4h")],
        [Nested(("1h", "15m"), points="segment")],
        [Nested(("1w", "1d", "4h"), "new-stroke")],
        [Nested(("5m", "1m", None))],
    ],
    ids=str,
)
@pytest.mark.parametrize("gaps", [False, True])
def test_nested_columns_row_by_row_equal_the_batch(needs: list[Need], gaps: bool) -> None:
    panel = absent(make_panel([walk(2500, 1, gaps=gaps), walk(2500, 2, gaps=gaps)]), 0.3)
    assert step_differences(panel, needs) == []


def test_nested_columns_of_a_prefix_are_the_prefix_of_the_columns() -> None:
    panel = make_panel(walk(4000, 5, gaps=True))
    needs: list[Need] = [NEST, Nested(("4h", "30m", None))]
    whole = with_features(panel, needs).features
    for rows in (1, 2, 300, 911, 1700):
        for name, values in with_features(cut(panel, rows), needs).features.items():
            np.testing.assert_array_equal(values, whole[name][:rows], err_msg=name)


def test_the_nested_point_lies_inside_the_stroke_of_the_newest_higher_point() -> None:
    """Held against the tables as known at that row, which a person would read."""
    panel = make_panel(walk(9000, 5))
    known = with_features(panel, [NEST, Chan("15m")]).features
    kinds = known[nested_key(NEST, "nested_kind")][:, 0]
    codes = {code: name for code, name in POINT_KINDS.items()}
    checked = 0
    for t in range(1500, 9000, 150):
        levels = chan_levels(cut(panel, t + 1), NEST.timeframes, NEST.config)
        points = levels[0].tables.points[0]
        newest = int(np.argmax(points["idx"])) if len(points) else -1
        if newest < 0:
            assert np.isnan(kinds[t])
            continue
        assert known[feature_key(Chan("15m"), "point_price")][t, 0] == points["price"][newest]
        rows = nested_points(levels, newest)
        assert np.isnan(kinds[t]) == (len(rows) == 0)
        if len(rows):
            furthest = rows[np.argmax(rows["idx"])]
            found = {name: known[nested_key(NEST, name)][t, 0] for name in NESTED}
            assert (codes[int(found["nested_kind"])], found["nested_price"]) == (furthest["kind"], furthest["price"])
            stage = "settled" if found["nested_settled"] else "sure" if found["nested_sure"] else "shown"
            assert stage == furthest["stage"]
            assert panel.close_ms[t] - found["nested_age"] * 5 * MINUTE == furthest["known_ts"]
            checked += 1
    assert checked > 5


def test_a_level_that_is_not_above_the_rows_is_the_rows_own() -> None:
    panel = make_panel(walk(1500, 3, step=240))
    own, lower = (with_features(panel, [Chan(timeframe)]).features for timeframe in (None, "30m"))
    for name, values in own.items():
        np.testing.assert_array_equal(values, lower[name.replace(":own:", ":30m:")], err_msg=name)
    assert step_differences(panel, [Chan("30m"), Nested(("30m", None)), Nested(("1h", "30m", None))]) == []


def test_levels_are_known_up_to_the_last_bar_that_has_closed() -> None:
    panel = make_panel(walk(3005, 4))
    own, half, day = chan_levels(panel, (None, "30m", "1d"), "CN-STRICT-1")
    now = panel.close_ms[-1]
    assert own.close_ts[-1] == now
    assert now - 30 * MINUTE < half.close_ts[-1] <= now
    assert now - 1440 * MINUTE < day.close_ts[-1] <= now
    assert len(half.tables.strokes) < len(own.tables.strokes)


def test_a_need_that_is_not_nested_is_refused() -> None:
    for timeframes in (("30m",), ("30m", "30m"), ("30m", "4h"), (None, "30m"), ("1d", None, None), ("2h", None)):
        with pytest.raises(InvalidError):
            Nested(timeframes)
    with pytest.raises(InvalidError):
        Nested(("1d", None), points="pivot")
    with pytest.raises(InvalidError):
        with_features(make_panel(walk(50, 1)), [Nested(("1d", None), "nobody")])
    with pytest.raises(InvalidError):
        FeatureFeed([Nested(("1d", None), "nobody")])


def test_an_instrument_without_bars_has_no_nested_points() -> None:
    panel = absent(make_panel([walk(300, 1), walk(300, 2)]), 1.1)
    made = with_features(panel, [NEST]).features
    assert all(np.isnan(values[:, 1]).all() for values in made.values())
    assert step_differences(panel, [NEST]) == []


@pytest.mark.data
@pytest.mark.parametrize(
    ("market", "timeframes"),
    [("equity_cn/sse_index/SH000001/1m", ("1d", "30m", None)), ("crypto/binance/BTCUSDT/5m", ("4h", "30m", None))],
)
def test_strokes_of_a_real_market_are_made_of_the_lower_strokes_inside_them(
    market: str, timeframes: tuple[str | None, ...], test_data: Path
) -> None:
    series = load(test_data / f"data/bars/{market}.parquet").series
    panel = make_panel(Series(series.name, *(column[:16_000] for column in series[1:])))
    levels = chan_levels(panel, timeframes, "CN-STRICT-1")
    for above, below in pairwise(levels):
        made = links(above.tables, above.close_ts, below.tables, below.close_ts)
        linked = made[made["first_line"] >= 0]
        assert len(linked) >= 0.9 * len(made) > 0
        whole = 0
        for row in linked:
            line = above.tables.strokes[row["line"]]
            inside = below.tables.strokes[row["first_line"] : row["last_line"] + 1]
            assert below.close_ts[inside["end_idx"][-1]] <= above.close_ts[line["end_idx"]]
            whole += (inside["low"].min(), inside["high"].max()) == (line["low"], line["high"])
        # Mostly both turns of a stroke are turns of the level below too; some are too narrow for a lower stroke.
        assert whole >= 0.75 * len(linked)
