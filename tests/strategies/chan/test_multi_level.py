"""What makes it enter and leave, on as-of columns written by hand and on the real index."""

from pathlib import Path

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Desired, Sizing
from alphaloop.engine.features import build_panel, chan_levels
from alphaloop.engine.panel import Panel, Series, make_panel, make_series
from alphaloop.engine.strategy import Chan, Signals, desired_at, feature_key, load_strategy
from alphaloop.lab import load

STRATEGY = load_strategy("chan/multi_level")
OWN = Chan()


def panel_with(close: list[float], **columns: list[float]) -> Panel:
    values = np.array(close, dtype=float)
    bars = make_series("A", np.arange(len(close)) * 60_000, values, values + 0.1, values - 0.1, values, values)
    known = {
        feature_key(OWN, name): np.array(columns.get(name, [np.nan] * len(close)), dtype=float).reshape(-1, 1)
        for name in {"point_kind", "point_price", "point_age", "point_sure", "pivot_zg", *columns}
    }
    return make_panel(bars)._replace(features=known)


def said(panel: Panel, **given: object) -> Signals:
    return STRATEGY.evaluate(panel, STRATEGY.parse({"stop_buffer": 0.0, "max_risk": 1.0, **given}))


def test_it_waits_until_the_buy_point_is_sure_and_stops_below_it() -> None:
    panel = panel_with(
        [10, 11, 12, 13],
        point_kind=[1, 1, 1, 1],
        point_price=[9, 9, 9, 9],
        point_age=[0, 1, 2, 3],
        point_sure=[0, 0, 1, 1],
    )
    signals = said(panel)
    np.testing.assert_array_equal(signals.target[:, 0], [np.nan, np.nan, 1, 1])
    assert desired_at(signals, 2).stop == 9
    assert desired_at(signals, 2).reason == "buy point confirmed"


def test_a_third_buy_point_is_wrong_once_price_is_back_in_the_pivot() -> None:
    panel = panel_with([12], point_kind=[5], point_price=[11.5], point_age=[1], point_sure=[1], pivot_zg=[11.0])
    assert desired_at(said(panel), 0).stop == 11.0


def test_a_point_that_is_too_old_or_already_broken_is_left_alone() -> None:
    old = panel_with([12], point_kind=[1], point_price=[11], point_age=[41], point_sure=[1])
    broken = panel_with([10], point_kind=[1], point_price=[11], point_age=[3], point_sure=[1])
    assert desired_at(said(old), 0).target is None
    assert desired_at(said(old, max_age=41), 0).target == 1
    assert desired_at(said(broken), 0).target is None


def test_a_sell_point_seen_after_the_entry_ends_it_and_an_older_one_does_not() -> None:
    panel = panel_with(
        [10, 11, 12, 13],
        point_kind=[1, -1, -1, -3],
        point_price=[9, 12, 12, 13],
        point_age=[0, 5, 6, 0],
        point_sure=[1, 1, 1, 1],
    )
    signals = said(panel)
    assert signals.target[:, 0].tolist() == [1, 1, 1, 0]
    assert desired_at(signals, 3).reason == "sell point confirmed"


@pytest.mark.parametrize(("stage", "bar"), [("shown", 0), ("sure", 1), ("settled", 2)])
def test_it_acts_at_the_stage_that_was_chosen(stage: str, bar: int) -> None:
    life = {"point_age": [0, 1, 2], "point_sure": [0, 1, 1], "point_settled": [0, 0, 1]}
    buys = said(panel_with([10, 11, 12], point_kind=[1] * 3, point_price=[9] * 3, **life), stage=stage)
    assert np.flatnonzero(buys.target[:, 0] == 1).tolist() == list(range(bar, 3))
    bought = {"point_age": [0, 0, 1, 2], "point_sure": [1, 0, 1, 1], "point_settled": [1, 0, 0, 1]}
    sells = said(
        panel_with([10, 11, 11, 11], point_kind=[1, -1, -1, -1], point_price=[9, 12, 12, 12], **bought), stage=stage
    )
    assert np.flatnonzero(sells.target[:, 0] == 0).tolist() == list(range(bar + 1, 4))


def test_only_the_kinds_that_were_chosen_are_bought() -> None:
    kinds = {"1": 1, "1p": 2, "2": 3, "2s": 4, "3a": 5, "3b": 6}
    for name, code in kinds.items():
        panel = panel_with([10], point_kind=[code], point_price=[9], point_age=[0], point_sure=[1])
        assert desired_at(said(panel, kinds=name), 0).target == 1
        others = ",".join(other for other in kinds if other != name)
        assert desired_at(said(panel, kinds=others), 0).target is None
    with pytest.raises(InvalidError):
        STRATEGY.parse({"kinds": "1,4"})


def test_points_of_segments_are_read_from_their_own_columns() -> None:
    stroke = {"point_kind": [-1], "point_price": [12], "point_age": [0], "point_sure": [1]}
    segment = {
        "segment_point_kind": [1],
        "segment_point_price": [9],
        "segment_point_age": [3],
        "segment_point_sure": [1],
    }
    panel = panel_with([10], **stroke, **segment)
    assert desired_at(said(panel), 0).target is None
    assert desired_at(said(panel, points="segment"), 0) == Desired(
        1.0, Sizing.WEIGHT, 0, stop=9.0, reason="buy point confirmed"
    )


def test_an_entry_whose_stop_is_too_far_away_is_left_alone() -> None:
    panel = panel_with([10], point_kind=[1], point_price=[9], point_age=[0], point_sure=[1])
    assert desired_at(said(panel, max_risk=0.09), 0).target is None
    assert desired_at(said(panel, max_risk=0.11), 0).target == 1


def test_a_touched_stop_ends_the_intent_and_the_same_point_is_not_used_again() -> None:
    panel = panel_with(
        [10, 8.9, 10, 10],
        point_kind=[1] * 4,
        point_price=[9] * 4,
        point_age=[0, 1, 2, 3],
        point_sure=[1] * 4,
    )
    signals = said(panel)
    assert signals.target[:, 0].tolist() == [1, 0, 0, 0]
    assert desired_at(signals, 1).reason == "price fell to the stop"


def test_it_enters_only_while_the_higher_level_does_not_object() -> None:
    bars = load("sample").series
    alone, guarded = STRATEGY.parse({}), STRATEGY.parse({"levels": "own,1M"})
    assert STRATEGY.needs(guarded) == [Chan(None), Chan("1M")]
    panel = build_panel(bars, STRATEGY, guarded)
    rises = panel.features[feature_key(Chan("1M"), "stroke_direction")][:, 0] > 0
    buys = panel.features[feature_key(Chan("1M"), "point_kind")][:, 0] > 0
    free = entries(STRATEGY.evaluate(build_panel(bars, STRATEGY, alone), alone))
    held = entries(STRATEGY.evaluate(panel, guarded))
    assert not (rises | buys)[free].all()
    assert (rises | buys)[held].all()
    assert len(held) > 0


@pytest.mark.data
def test_an_entry_on_daily_moutai_is_the_one_a_person_would_name(test_data: Path) -> None:
    """The low of 118.01 in January 2014: a first point, 46% of the force with which price came into the pivot, while
    the week turns up. On the days before, price stood more than a fifth above the stop."""
    series = load(test_data / "data/bars/equity_cn/sse_szse/SH600519/1d.parquet").series
    params = STRATEGY.parse({"levels": "own,1w"})
    signals = STRATEGY.evaluate(build_panel(series, STRATEGY, params), params)
    t = day(series, "2014-02-25")
    assert t in entries(signals)
    assert desired_at(signals, t).stop == pytest.approx(118.01 * 0.998)
    own, week = chan_levels(make_panel(first(series, t + 1)), (None, "1w"), "CN-STRICT-1")
    point = own.tables.points[0][-1]
    assert (point["kind"], point["price"], point["sure"], round(float(point["ratio"]), 2)) == ("B1", 118.01, True, 0.46)
    assert series.low[point["idx"]] == series.low[t - 200 : t + 1].min() == 118.01
    assert week.tables.strokes[-1]["direction"] == 1
    assert series.close[t - 1] * 0.8 > 118.01 * 0.998 > series.close[t] * 0.8


@pytest.mark.data
def test_an_entry_on_three_levels_of_bitcoin_is_the_one_a_person_would_name(test_data: Path) -> None:
    """5m, 30m and 4h of January 3rd 2023: a weaker fall without a pivot (B1p) while both higher levels rise."""
    series = first(load(test_data / "data/bars/crypto/binance/BTCUSDT/5m.parquet").series, 800)
    params = STRATEGY.parse({"levels": "own,30m,4h"})
    signals = STRATEGY.evaluate(build_panel(series, STRATEGY, params), params)
    t = int(entries(signals)[0])
    assert np.datetime64(int(series.ts_ms[t]), "ms") == np.datetime64("2023-01-03T08:45")
    assert desired_at(signals, t).stop == pytest.approx(16698.15 * 0.998)
    own, *higher = chan_levels(make_panel(first(series, t + 1)), (None, "30m", "4h"), "CN-STRICT-1")
    point = own.tables.points[0][-1]
    assert (point["kind"], point["price"], point["sure"]) == ("B1p", 16698.15, True)
    assert series.low[point["idx"]] == 16698.15
    assert [level.tables.strokes[-1]["direction"] for level in higher] == [1, 1]


def first(series: Series, rows: int) -> Series:
    return Series(series.name, *(column[:rows] for column in series[1:]))


def day(series: Series, date: str) -> int:
    return int(np.searchsorted(series.ts_ms, np.datetime64(date, "ms").astype(np.int64)))


def entries(signals: Signals) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.diff(np.nan_to_num(signals.target[:, 0])) > 0) + 1
