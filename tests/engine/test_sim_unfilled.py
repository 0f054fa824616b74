"""What could not be filled, and why: one obstacle at a time, on bars small enough to follow by eye."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import Panel, make_panel, make_series
from alphaloop.engine.rule_arrays import lay_ground
from alphaloop.engine.sim_unfilled import count_unfilled, tell_unfilled
from alphaloop.engine.simulate import Obstacle, Rules, Unfilled, simulate
from alphaloop.engine.strategy import Signals, mark_episodes

SHARE = Instrument("600000@XSHG", AssetClass.EQUITY, "600000", "CNY", Decimal("0.01"), Decimal(100), ZERO, "XSHG")
DAY_MS = 86_400_000
# Monday, 6 May 2024.
MONDAY = date(2024, 5, 6).toordinal() - date(1970, 1, 1).toordinal()


def days(*bars: tuple[float, float, float, float], at: list[int] | None = None) -> Panel:
    """Daily bars (open, high, low, close), on the days since Monday that `at` names."""
    o, h, low, c = (np.array(column) for column in zip(*bars, strict=True))
    ts = (MONDAY + np.array(at or range(len(bars)))) * DAY_MS
    return make_panel(make_series("A", ts, o, h, low, c, np.full(len(bars), 1000.0)))


def flat(price: float) -> tuple[float, float, float, float]:
    return price, price, price, price


def run(panel: Panel, target: list[float], *, sizing: Sizing = Sizing.UNITS, **given: Any) -> Unfilled:
    levels = {name: given.pop(name) for name in ("stop",) if name in given}
    ground = given.pop("ground", None)
    column = np.array(target, dtype=float).reshape(-1, 1)
    made = {name: np.full(column.shape, float(value)) for name, value in levels.items()}
    signals = Signals(column, mark_episodes(column), sizing=sizing, **made)
    return simulate(panel, signals, Rules(**given), ground=ground).unfilled


def told(found: Unfilled) -> list[tuple[int, str, bool, int]]:
    names = [Obstacle(code).name for code in found.obstacle.tolist()]
    return list(zip(found.row.tolist(), names, found.entry.tolist(), found.filled.tolist(), strict=True))


def test_what_fills_at_once_is_counted_and_not_listed() -> None:
    found = run(days(flat(10), flat(10), flat(10), flat(10)), [5, 5, 0, 0])
    assert (told(found), found.entries, found.exits) == ([], 1, 1)


def test_a_locked_board_delays_an_entry_and_an_exit() -> None:
    panel = days(flat(10), flat(11), (11.5, 12, 11.2, 12), flat(10.8), (10, 10.2, 9.9, 10))
    found = run(panel, [100, 100, 0, 0, 0], ground=lay_ground(panel, [SHARE]))
    assert told(found) == [(1, "LIMIT", True, 2), (3, "LIMIT", False, 4)]


def test_an_entry_that_is_given_up_before_the_board_opens_was_never_filled() -> None:
    panel = days(flat(10), flat(11), flat(12.1), (12, 12.2, 11.9, 12))
    found = run(panel, [100, 100, 0, 0], ground=lay_ground(panel, [SHARE]))
    assert told(found) == [(1, "LIMIT", True, -1)]
    # Nothing is held, so nothing has to be sold.
    assert (found.entries, found.exits) == (1, 0)


def test_a_session_without_a_bar_is_a_suspension_where_the_sessions_are_known() -> None:
    panel = days(flat(10), flat(10.1), flat(10.2), at=[0, 2, 3])
    sessions = [date(2024, 5, day) for day in (6, 7, 8, 9)]
    known = lay_ground(panel, [SHARE], sessions=sessions)
    assert told(run(panel, [100, 100, 100], ground=known)) == [(1, "SUSPENDED", True, 1)]
    assert told(run(panel, [100, 100, 100], ground=lay_ground(panel, [SHARE]))) == []
    # Given after the gap, it is not concerned.
    assert told(run(panel, [np.nan, 100, 100], ground=known)) == []


def test_a_row_without_a_bar_among_others_is_a_suspension() -> None:
    one = make_series("A", (MONDAY + np.array([0, 2])) * DAY_MS, *[np.full(2, 10.0)] * 4, np.ones(2))
    two = make_series("B", (MONDAY + np.arange(3)) * DAY_MS, *[np.full(3, 10.0)] * 4, np.ones(3))
    target = np.array([[5.0, np.nan]] * 3)
    signals = Signals(target, mark_episodes(target), sizing=Sizing.UNITS)
    assert told(simulate(make_panel([one, two]), signals, Rules()).unfilled) == [(1, "SUSPENDED", True, 2)]


def test_a_stop_on_the_day_of_the_purchase_waits_for_settlement() -> None:
    panel = days(flat(10), (10, 10.1, 9.4, 9.6), (9.5, 9.6, 9.4, 9.5))
    found = run(panel, [100, 100, 100], stop=9.5, ground=lay_ground(panel, [SHARE]))
    assert told(found) == [(1, "SETTLEMENT", False, 2)]
    assert (found.entries, found.exits) == (1, 1)


def test_too_little_for_a_lot_is_told_apart_from_too_little_money() -> None:
    panel = days(flat(10), flat(10), flat(10))
    ground = lay_ground(panel, [SHARE])
    assert told(run(panel, [60, 60, 60], ground=ground)) == [(1, "LOT", True, -1)]
    assert told(run(panel, [0.5] * 3, sizing=Sizing.WEIGHT, cash=1500.0, ground=ground)) == [(1, "LOT", True, -1)]
    assert told(run(panel, [500] * 3, cash=900.0, ground=ground)) == [(1, "CASH", True, -1)]


@pytest.mark.parametrize(
    ("target", "given", "why"),
    [
        (-5.0, {}, "SHORT"),
        (5.0, {"min_notional": 100.0}, "NOTIONAL"),
        (1.0, {"sizing": Sizing.RISK}, "NO_STOP"),
    ],
)
def test_other_conditions_are_named_too(target: float, given: dict[str, Any], why: str) -> None:
    found = run(days(flat(10), flat(10), flat(10)), [target] * 3, **given)
    assert told(found) == [(1, why, True, -1)]


def test_a_used_up_volume_is_an_obstacle_and_a_part_of_an_order_is_not() -> None:
    o = np.full(4, 10.0)
    volume = np.array([100.0, 0.0, 40.0, 100.0])
    panel = make_panel(make_series("A", (MONDAY + np.arange(4)) * DAY_MS, o, o, o, o, volume))
    assert told(run(panel, [50.0] * 4, volume_limit=0.5)) == [(1, "VOLUME", True, 2)]


def test_people_and_programs_are_told_the_same_counts() -> None:
    panel = days(flat(10), flat(11), (11.5, 12, 11.2, 12), flat(10.8), (10, 10.2, 9.9, 10))
    found = run(panel, [100, 100, 0, 0, 0], ground=lay_ground(panel, [SHARE]))
    assert count_unfilled(found)["entries"] == {"asked": 1, "unfilled": 1, "never": 0, "reasons": {"limit": 1}}
    assert tell_unfilled(found) == [
        "unfillable entries: 1 of 1 (limit 1; 0 never filled)",
        "unfillable exits: 1 of 1 (limit 1; 0 never filled)",
    ]
