"""What makes it enter and leave, on as-of columns written by hand and on the real index."""

import numpy as np

from alphaloop.engine.features import build_panel
from alphaloop.engine.panel import Panel, make_panel, make_series
from alphaloop.engine.strategy import Chan, Signals, desired_at, feature_key, load_strategy
from alphaloop.lab import load

STRATEGY = load_strategy("chan/multi_level")
OWN = Chan()


def panel_with(close: list[float], **columns: list[float]) -> Panel:
    values = np.array(close, dtype=float)
    bars = make_series("A", np.arange(len(close)) * 60_000, values, values + 0.1, values - 0.1, values, values)
    known = {
        feature_key(OWN, name): np.array(columns.get(name, [np.nan] * len(close)), dtype=float).reshape(-1, 1)
        for name in ("point_kind", "point_price", "point_age", "point_sure", "pivot_zg")
    }
    return make_panel(bars)._replace(features=known)


def said(panel: Panel, **given: object) -> Signals:
    return STRATEGY.evaluate(panel, STRATEGY.parse({"stop_buffer": 0.0, **given}))


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


def entries(signals: Signals) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.flatnonzero(np.diff(np.nan_to_num(signals.target[:, 0])) > 0) + 1
