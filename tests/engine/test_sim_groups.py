"""Legs of a group by hand: all of them trade, less of all of them, or none; each leaves on its own."""

from typing import Any

import numpy as np
import pytest

from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import Panel
from alphaloop.engine.sim_unfilled import Obstacle
from alphaloop.engine.simulate import Rules, Simulation, simulate
from alphaloop.engine.strategy import Signals, mark_episodes

NAN = float("nan")


def panel_of(first: list[float], second: list[float], volume: tuple[float, float] = (1000.0, 1000.0)) -> Panel:
    """Two instruments whose bars are one price each; NaN is no bar."""
    prices = np.array([first, second]).T
    ts = np.arange(len(prices), dtype=np.int64) * 60_000
    there = np.isfinite(prices)
    traded = np.where(there, np.array(volume), NAN)
    return Panel(ts, ts + 60_000, prices, prices, prices, prices, traded, there, ("A", "B"), {}, {})


def legs(*rows: tuple[float, float], grouped: bool = True, **more: Any) -> Signals:
    target = np.array(rows)
    group = np.where(np.isfinite(target), 0, -1) if grouped else None
    return Signals(target, mark_episodes(target), sizing=Sizing.UNITS, group=group, **more)


def told(made: Simulation) -> list[tuple[int, str, float]]:
    return [(int(t), "AB"[n], round(float(q), 9)) for t, n, q, *_ in zip(*made.fills, strict=True)]


def missed(made: Simulation) -> list[tuple[int, str, str]]:
    found = made.unfilled
    rows = zip(found.row.tolist(), found.column.tolist(), found.obstacle.tolist(), strict=True)
    return sorted((row, "AB"[n], Obstacle(why).name) for row, n, why in rows)


def test_legs_that_can_all_trade_do_what_they_would_alone() -> None:
    panel = panel_of([10, 11, 12, 13, 13], [20, 21, 22, 23, 23])
    rows = [(5.0, -2.0), (5.0, -2.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)]
    rules = Rules(cash=1000, fee=0.001, can_short=True)
    tied, apart = (simulate(panel, legs(*rows, grouped=one), rules) for one in (True, False))
    assert told(tied) == [(1, "A", 5), (1, "B", -2), (3, "A", -5), (3, "B", 2)]
    assert np.array_equal(tied.equity, apart.equity)
    assert missed(tied) == []


def test_while_one_leg_has_no_bar_none_trades() -> None:
    panel = panel_of([10, 11, 12, 13], [20, NAN, 22, 23])
    made = simulate(panel, legs(*[(5.0, -2.0)] * 4), Rules(cash=1000, can_short=True))
    assert told(made) == [(2, "A", 5), (2, "B", -2)]
    assert made.fills.price.tolist() == [12, 22]
    assert missed(made) == [(1, "A", "GROUP"), (1, "B", "SUSPENDED")]
    assert made.unfilled.filled.tolist() == [2, 2]


def test_legs_that_wait_too_long_expire_together() -> None:
    panel = panel_of([10] * 6, [20, NAN, NAN, NAN, 20, 20])
    made = simulate(panel, legs(*[(5.0, -2.0)] * 6), Rules(cash=1000, can_short=True, late_bars=1))
    assert told(made) == []
    assert made.unfilled.filled.tolist() == [-1, -1]


def test_the_leg_with_the_least_volume_sets_the_share_of_all_and_the_rest_follows_in_step() -> None:
    # A tenth of the volume: 10 of A and 1 of B a bar; B is to hold 4, so a quarter of both trades in each bar.
    panel = panel_of([10] * 7, [20] * 7, volume=(100.0, 10.0))
    made = simulate(panel, legs(*[(8.0, -4.0)] * 7), Rules(cash=1000, can_short=True, volume_limit=0.1))
    assert told(made) == [fill for t in (1, 2, 3, 4) for fill in ((t, "A", 2), (t, "B", -1))]


def test_without_any_volume_in_one_leg_none_trades() -> None:
    panel = panel_of([10] * 4, [20] * 4)
    panel.volume[1, 1] = 0.0
    made = simulate(panel, legs(*[(8.0, -4.0)] * 4), Rules(cash=1000, can_short=True, volume_limit=0.5))
    assert told(made) == [(2, "A", 8), (2, "B", -4)]
    assert missed(made) == [(1, "A", "GROUP"), (1, "B", "VOLUME")]


def test_money_that_does_not_reach_scales_all_alike() -> None:
    # 60 x 10 and 20 x 20 cost 1000; there are 500.
    panel = panel_of([10] * 4, [20] * 4)
    made = simulate(panel, legs(*[(60.0, 20.0)] * 4), Rules(cash=500))
    assert told(made) == [(1, "A", 30), (1, "B", 10)]
    # Whole lots of 7: 30 is 28, 10 is 7.
    made = simulate(panel, legs(*[(60.0, 20.0)] * 4), Rules(cash=500, lot=7.0))
    assert told(made) == [(1, "A", 28), (1, "B", 7)]
    # Apart, the first would take all it can.
    made = simulate(panel, legs(*[(60.0, 20.0)] * 4, grouped=False), Rules(cash=500))
    assert told(made)[0] == (1, "A", 50)


def test_a_short_leg_is_paid_for_at_todays_price_and_not_at_the_last_close() -> None:
    panel = panel_of([20, 10, 10], [10, 10, 10])
    made = simulate(panel, legs(*[(-30.0, 20.0)] * 3), Rules(cash=500, can_short=True))
    assert told(made) == [(1, "A", -30), (1, "B", 20)]


@pytest.mark.parametrize(
    ("rows", "rules", "why"),
    [
        ([(5.0, -2.0)] * 3, Rules(cash=1000), [(1, "A", "GROUP"), (1, "B", "SHORT")]),
        ([(50.0, 2.0)] * 3, Rules(cash=1000, lot=10.0), [(1, "A", "GROUP"), (1, "B", "LOT")]),
        ([(50.0, 2.0)] * 3, Rules(cash=1000, min_notional=100.0), [(1, "A", "GROUP"), (1, "B", "NOTIONAL")]),
    ],
)
def test_a_leg_that_may_not_be_held_rejects_the_others(
    rows: list[tuple[float, float]], rules: Rules, why: list[tuple[int, str, str]]
) -> None:
    made = simulate(panel_of([10] * 3, [20] * 3), legs(*rows), rules)
    assert told(made) == []
    assert missed(made) == why


def test_exits_are_never_tied_and_a_leg_that_cannot_leave_leaves_later() -> None:
    panel = panel_of([10] * 5, [20, 20, NAN, 20, 20])
    made = simulate(panel, legs((5, -2), (0, 0), (0, 0), (0, 0), (0, 0)), Rules(cash=1000, can_short=True))
    assert told(made) == [(1, "A", 5), (1, "B", -2), (2, "A", -5), (3, "B", 2)]
    assert missed(made) == [(2, "B", "SUSPENDED")]


def test_a_stop_closes_its_own_leg_alone() -> None:
    panel = panel_of([10, 10, 8, 8, 8], [20] * 5)
    stop = np.full((5, 2), NAN)
    stop[:, 0] = 9.0
    made = simulate(panel, legs(*[(5.0, -2.0)] * 5, stop=stop), Rules(cash=1000, can_short=True))
    assert told(made) == [(1, "A", 5), (1, "B", -2), (2, "A", -5)]


def test_groups_do_not_wait_for_each_other() -> None:
    panel = panel_of([10] * 3, [20, NAN, 20])
    wanted = legs(*[(5.0, 2.0)] * 3)
    apart = wanted._replace(group=np.where(np.isfinite(wanted.target), np.array([0, 1]), -1))
    assert told(simulate(panel, apart, Rules(cash=1000))) == [(1, "A", 5), (2, "B", 2)]
