"""The simulator's rules, each on bars small enough to check by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import Panel, make_panel, make_series
from alphaloop.engine.simulate import Held, Rules, Simulation, View, protective_level, simulate
from alphaloop.engine.strategy import Signals, mark_episodes

NAN = float("nan")


def panel_of(*rows: tuple[float, float, float, float], volume: float = 1000.0) -> Panel:
    o, h, low, c = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    ts = np.arange(len(rows)) * 60_000
    return make_panel(make_series("A", ts, o, h, low, c, np.full(len(rows), volume)))


def flat(*prices: float) -> Panel:
    return panel_of(*((price, price, price, price) for price in prices))


def column(*values: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=float).reshape(-1, 1)


def signals(*targets: float, sizing: Sizing = Sizing.UNITS, **levels: Any) -> Signals:
    target = column(*targets)
    given = {name: column(*values) for name, values in levels.items()}
    return Signals(target, mark_episodes(target), sizing=sizing, **given)


def told(made: Simulation) -> list[tuple[int, float, float]]:
    fills = made.fills
    rows = zip(fills.row.tolist(), fills.quantity.tolist(), fills.price.tolist(), strict=True)
    return [(row, quantity, pytest.approx(price)) for row, quantity, price in rows]


CASH = Rules(cash=1000.0)


def test_an_instruction_at_a_close_trades_at_the_next_open() -> None:
    made = simulate(panel_of((10, 12, 9, 11), (20, 22, 19, 21)), signals(2, 2), CASH)
    assert told(made) == [(1, 2.0, 20.0)]
    assert made.equity.tolist() == [1000.0, 1002.0]


def test_fill_close_trades_at_the_close_that_decided() -> None:
    made = simulate(panel_of((10, 12, 9, 11), (20, 22, 19, 21)), signals(2, 0), Rules(cash=1000, fill="close"))
    assert told(made) == [(0, 2.0, 11.0), (1, -2.0, 21.0)]


def test_all_in_spends_the_cash_to_the_last_unit_of_the_fee() -> None:
    made = simulate(flat(10, 10, 12), signals(1, 1, 1, sizing=Sizing.WEIGHT), Rules(cash=1000, fee=0.001))
    assert made.fills.quantity[0] == pytest.approx(1000 / (10 * 1.001))
    assert made.cash[1] == pytest.approx(0, abs=1e-9)
    assert made.equity[2] == pytest.approx(1000 / (10 * 1.001) * 12)


def test_whole_units_leave_the_rest_in_cash() -> None:
    rules = Rules(cash=1000, fee=0.001, lot=1)
    made = simulate(flat(10, 30), signals(1, 1, sizing=Sizing.WEIGHT), rules)
    assert told(made) == [(1, 33.0, 30.0)]
    assert made.cash[1] == pytest.approx(1000 - 990 * 1.001)


def test_a_repeated_weight_is_not_rebalanced_but_a_new_episode_is() -> None:
    repeated = signals(0.5, 0.5, 0.5, 0.5, sizing=Sizing.WEIGHT)
    assert len(simulate(flat(10, 10, 20, 20), repeated, CASH).fills.row) == 1
    renewed = repeated._replace(episode=np.array([[0], [1], [2], [3]]))
    # 50 units at 10; worth 1500 at 20, so half is 37.5 units.
    assert told(simulate(flat(10, 10, 20, 20), renewed, CASH)) == [(1, 50.0, 10.0), (2, -12.5, 20.0)]


def test_no_instruction_keeps_the_position_and_zero_leaves_it() -> None:
    assert told(simulate(flat(10, 10, 10, 10), signals(3, NAN, NAN, NAN), CASH)) == [(1, 3.0, 10.0)]
    assert told(simulate(flat(10, 10, 11, 10), signals(3, 0, 0, 0), CASH)) == [(1, 3.0, 10.0), (2, -3.0, 11.0)]


def test_cash_bounds_what_is_bought() -> None:
    assert told(simulate(flat(10, 10), signals(500, 500), CASH)) == [(1, 100.0, 10.0)]


def test_without_short_selling_a_negative_target_means_flat() -> None:
    assert told(simulate(flat(10, 10, 10, 10), signals(5, -5, -5, -5), CASH)) == [(1, 5.0, 10.0), (2, -5.0, 10.0)]


def test_a_short_is_bounded_by_equity_and_earns_when_the_price_falls() -> None:
    rules = Rules(cash=1000, can_short=True)
    made = simulate(flat(10, 10, 5), signals(-500, -500, -500), rules)
    assert told(made) == [(1, -100.0, 10.0)]
    assert made.equity.tolist() == [1000, 1000, 1500]


def test_slippage_and_fees_are_paid_on_both_sides() -> None:
    rules = Rules(cash=1000, fee=0.01, slippage=0.1)
    made = simulate(flat(10, 10, 10), signals(10, 0, 0), rules)
    assert told(made) == [(1, 10.0, 11.0), (2, -10.0, 9.0)]
    assert made.fills.fee.tolist() == pytest.approx([1.1, 0.9])
    assert made.equity[-1] == pytest.approx(1000 - 20 - 2)


LONG = {"stop": (9.0, 9.0, 9.0), "take": (12.0, 12.0, 12.0)}


@pytest.mark.parametrize(
    ("bar", "price", "reason"),
    [
        ((10, 11, 8.5, 10), 9.0, 1),
        ((8, 11, 7, 10), 8.0, 1),
        ((10, 12.5, 9.5, 10), 12.0, 2),
        ((13, 14, 12.5, 13), 13.0, 2),
        ((10, 13, 8, 10), 9.0, 1),
        ((13, 13, 8, 9), 13.0, 2),
        ((10, 12, 9.5, 10), 12.0, 2),
        ((10, 11, 9, 10), 9.0, 1),
    ],
)
def test_brackets_of_a_long_fill_at_their_level_the_open_or_the_worse_of_both(
    bar: tuple[float, float, float, float], price: float, reason: int
) -> None:
    made = simulate(panel_of((10, 10, 10, 10), (10, 10, 10, 10), bar), signals(1, 1, 1, **LONG), CASH)
    assert told(made) == [(1, 1.0, 10.0), (2, -1.0, price)]
    assert made.fills.reason.tolist() == [0, reason]


def test_brackets_of_a_short_mirror_those_of_a_long() -> None:
    levels = {"stop": (11.0,) * 3, "take": (8.0,) * 3}
    bars = panel_of((10, 10, 10, 10), (10, 10, 10, 10), (10, 11.5, 7, 10))
    made = simulate(bars, signals(-1, -1, -1, **levels), Rules(cash=1000, can_short=True))
    assert told(made) == [(1, -1.0, 10.0), (2, 1.0, 11.0)]


def test_a_stop_protects_on_the_entry_bar_itself() -> None:
    bars = panel_of((10, 10, 10, 10), (10, 10, 8, 9), (9, 9, 9, 9))
    assert told(simulate(bars, signals(1, 1, 1, **LONG), CASH)) == [(1, 1.0, 10.0), (1, -1.0, 9.0)]


def test_a_stopped_out_episode_is_spent_until_a_new_one_begins() -> None:
    bars = panel_of(*[(10, 10, 10, 10)] * 2, (10, 10, 8, 10), *[(10, 10, 10, 10)] * 4)
    levels = {"stop": (9.0,) * 7, "take": (NAN,) * 7}
    assert len(simulate(bars, signals(1, 1, 1, 1, 1, 1, 1, **levels), CASH).fills.row) == 2
    again = signals(1, 1, 1, 1, 0, 1, 1, **levels)
    assert [row for row, _, _ in told(simulate(bars, again, CASH))] == [1, 2, 6]


def test_a_trailing_stop_follows_the_best_price_from_the_bar_after_entry() -> None:
    bars = panel_of((10, 10, 10, 10), (10, 14, 8, 14), (14, 15, 13.5, 15), (15, 15, 12, 12))
    made = simulate(bars, signals(1, 1, 1, 1, trail=(2.0,) * 4), CASH)
    assert told(made) == [(1, 1.0, 10.0), (3, -1.0, 13.0)]


@given(st.sampled_from([1.0, -1.0]), st.floats(1, 100), st.floats(0.1, 50), st.floats(1, 200))
def test_the_tighter_of_fixed_and_trailing_stop_counts(side: float, stop: float, trail: float, best: float) -> None:
    level = protective_level(side, stop, trail, best)
    assert level in (stop, best - side * trail)
    assert side * level == max(side * stop, side * (best - side * trail))
    assert protective_level(side, stop, NAN, best) == stop
    assert protective_level(side, NAN, trail, best) == best - side * trail


def test_risk_sizing_loses_the_stated_share_at_the_stop() -> None:
    bars = panel_of((10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 8, 8))
    rules = Rules(cash=1000, risk_fraction=0.02)
    made = simulate(bars, signals(1, 1, 1, sizing=Sizing.RISK, stop=(9.0,) * 3), rules)
    assert told(made) == [(1, 20.0, 10.0), (2, -20.0, 9.0)]
    assert made.equity[-1] == pytest.approx(980)


@pytest.mark.parametrize("stop", [NAN, 10.0, 11.0])
def test_risk_sizing_without_a_stop_on_the_losing_side_does_not_trade(stop: float) -> None:
    made = simulate(flat(10, 10), signals(1, 1, sizing=Sizing.RISK, stop=(stop, stop)), CASH)
    assert told(made) == []


def test_a_volume_limit_spreads_an_order_over_bars() -> None:
    bars = panel_of(*[(10, 10, 10, 10)] * 4, volume=30)
    rules = Rules(cash=1000, volume_limit=0.1, lot=1)
    assert told(simulate(bars, signals(7, 7, 7, 7), rules)) == [(1, 3.0, 10.0), (2, 3.0, 10.0), (3, 1.0, 10.0)]


def test_rows_without_a_bar_never_fill_and_late_entries_expire() -> None:
    ts = np.arange(6) * 60_000
    prices = [np.full(6, 10.0) for _ in range(4)]
    gappy = [np.array([10.0, 10.0]) for _ in range(4)]
    panel = make_panel(
        [
            make_series("A", ts, *prices, np.ones(6)),
            make_series("B", ts[[0, 5]], *gappy, np.ones(2)),
        ]
    )
    target = np.full((6, 2), np.nan)
    target[:, 1] = 1.0
    wanted = Signals(target, mark_episodes(target), sizing=Sizing.UNITS)
    assert simulate(panel, wanted, CASH).fills.row.tolist() == [5]
    assert simulate(panel, wanted, Rules(cash=1000, late_bars=3)).fills.row.tolist() == []
    assert simulate(panel, wanted, Rules(cash=1000, late_bars=4)).fills.row.tolist() == [5]


def test_what_is_sold_pays_for_what_is_bought_at_the_same_open() -> None:
    ts = np.arange(4) * 60_000
    prices = [np.full(4, 10.0) for _ in range(4)]
    panel = make_panel([make_series(name, ts, *prices, np.ones(4)) for name in ("A", "B")])
    target = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    made = simulate(panel, Signals(target, mark_episodes(target)), CASH)
    rows = list(zip(made.fills.row.tolist(), made.fills.column.tolist(), made.fills.quantity.tolist(), strict=True))
    assert rows == [(1, 1, 100.0), (2, 1, -100.0), (2, 0, 100.0)]


def test_a_table_of_closes_alone_trades_at_the_close() -> None:
    panel = flat(10, 11, 12)
    closes = panel._replace(open=np.full_like(panel.open, NAN), high=panel.open * NAN, low=panel.open * NAN)
    assert told(simulate(closes, signals(1, 1, 0), CASH)) == [(1, 1.0, 11.0)]


def test_outside_the_universe_an_intent_may_end_but_not_begin() -> None:
    panel = flat(10, 10, 10, 10, 10)
    panel.member[:2] = False
    assert told(simulate(panel, signals(1, 1, 1, 1, 1), CASH)) == [(3, 1.0, 10.0)]
    panel.member[:] = [[True], [True], [False], [False], [False]]
    assert told(simulate(panel, signals(1, 1, 0, 0, 0), CASH)) == [(1, 1.0, 10.0), (3, -1.0, 10.0)]


def break_even(t: int, view: View, held: Held, params: Any) -> float:
    """Leave once the price is back at the entry after it had been `reach` above it."""
    if held.quantity > 0 and held.best >= held.average_entry + params.reach:
        held.mem[0] = 1.0
    if held.mem[0] == 1.0 and view.close[t, held.column] <= held.average_entry:
        return 0.0
    return np.nan


def test_manage_sees_the_position_keeps_its_memory_and_overrides_the_target() -> None:
    from dataclasses import make_dataclass

    params = make_dataclass("P", [("reach", float)])(2.0)
    bars = panel_of(*[(10, 10, 10, 10)] * 2, (10, 13, 10, 11), (11, 11, 9.5, 9.9), (9.8, 10, 9, 9))
    made = simulate(bars, signals(1, 1, 1, 1, 1), CASH, manage=break_even, params=params)
    assert told(made) == [(1, 1.0, 10.0), (4, -1.0, 9.8)]
    high = make_dataclass("P", [("reach", float)])(4.0)
    assert len(simulate(bars, signals(1, 1, 1, 1, 1), CASH, manage=break_even, params=high).fills.row) == 1


def facts_hold(t: int, view: View, held: Held, params: Any) -> float:
    """Leave at row 4 only if every fact about the position is what adding up by hand gives."""
    if t != 4:
        return np.nan
    same = (
        held.quantity == 3.0
        and held.average_entry == 12.0
        and held.realised == 3.0
        and held.best == 16.0
        and held.worst == 9.0
        and held.adds == 1
        and held.entry_row == 1
        and held.equity == 1000.0 + 3.0 + 3.0 * (13.0 - 12.0)
        and held.cash == 1000.0 - 20.0 - 28.0 + 15.0
    )
    return 0.0 if same else np.nan


def test_manage_is_told_the_exact_facts_of_the_position() -> None:
    # Two units at 10, two more at 14, one sold at 15; the range since entry is 9 to 16.
    bars = panel_of((10, 10, 10, 10), (10, 11, 9, 11), (14, 16, 14, 15), (15, 15, 13, 13), *[(13, 13, 13, 13)] * 2)
    made = simulate(bars, signals(2, 4, 3, 3, 3, 3), CASH, manage=facts_hold)
    assert told(made) == [(1, 2.0, 10.0), (2, 2.0, 14.0), (3, -1.0, 15.0), (5, -3.0, 13.0)]


def test_turning_around_opens_no_more_than_the_cash_left_after_closing_and_its_fee() -> None:
    rules = Rules(cash=1000, fee=0.1, can_short=True)
    made = simulate(flat(10, 10, 10), signals(50, -500, -500), rules)
    # 1000 - 500 - 50 = 450; closing brings 500 - 50; 900 carry 900 / (10 x 1.1) units short.
    assert told(made) == [(1, 50.0, 10.0), (2, -50.0 - 900 / 11, 10.0)]


def test_a_position_already_held_belongs_to_the_new_episode_and_is_spent_with_it() -> None:
    bars = panel_of(*[(10, 10, 10, 10)] * 4, (10, 10, 8, 10), *[(10, 10, 10, 10)] * 3)
    wanted = signals(*[1.0] * 8, stop=(9.0,) * 8)._replace(episode=np.array([[0], [0], [2], [2], [2], [2], [2], [2]]))
    assert told(simulate(bars, wanted, CASH)) == [(1, 1.0, 10.0), (4, -1.0, 9.0)]


@pytest.mark.parametrize(
    "changes",
    [
        {"cash": NAN},
        {"cash": float("inf")},
        {"fee": -0.1},
        {"fee": NAN},
        {"slippage": 0.6},
        {"volume_limit": 1.5},
        {"lot": -1.0},
        {"fill": "later"},
        {"start": -1},
        {"risk_fraction": NAN},
    ],
)
def test_rules_outside_their_bounds_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidError):
        Rules(**changes)


@given(seed=st.integers(0, 10**6), columns=st.integers(1, 4), short=st.booleans())
@settings(max_examples=60, deadline=None)
def test_money_is_conserved_and_never_borrowed(seed: int, columns: int, short: bool) -> None:
    """Cash = start - what was paid + what was received - fees; long only, cash never falls below zero."""
    rng = np.random.default_rng(seed)
    rows = 80
    series = []
    for n in range(columns):
        close = 50 * np.exp(np.cumsum(rng.normal(0, 0.03, rows)))
        opened = np.r_[50.0, close[:-1]]
        high, low = np.maximum(opened, close) * 1.01, np.minimum(opened, close) * 0.99
        kept = np.flatnonzero(rng.random(rows) < 0.9)
        kept = kept if len(kept) else np.array([0])
        volume = rng.uniform(0, 100, rows)
        parts = [values[kept] for values in (opened, high, low, close, volume)]
        series.append(make_series(f"S{n}", kept * 60_000, *parts, close_ms=(kept + 1) * 60_000))
    panel = make_panel(series)
    shape = panel.close.shape
    weights = rng.uniform(-1 if short else 0, 1, shape) / columns
    target = np.where(rng.random(shape) < 0.3, weights, np.where(rng.random(shape) < 0.3, 0.0, NAN))
    wanted = Signals(target, mark_episodes(target), stop=np.where(rng.random(shape) < 0.5, panel.close * 0.97, NAN))
    rules = Rules(cash=10_000, fee=0.002, slippage=0.001, volume_limit=0.5, can_short=short)
    made = simulate(panel, wanted, rules)
    paid = np.sum(made.fills.quantity * made.fills.price) + np.sum(made.fills.fee)
    assert made.cash[-1] == pytest.approx(10_000 - paid, abs=1e-6)
    for n in range(columns):
        assert made.quantity[n] == pytest.approx(made.fills.quantity[made.fills.column == n].sum(), abs=1e-9)
    if not short:
        assert made.cash.min() >= -1e-6
        assert made.quantity.min() >= 0
    again = simulate(panel, wanted, rules)
    assert np.array_equal(again.equity, made.equity)


@given(st.integers(0, 10**6), st.integers(2, 4))
@settings(max_examples=25, deadline=None)
def test_rows_that_ask_for_nothing_are_valued_as_if_they_had_been_walked(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    prices = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (80, columns)), axis=0))
    prices[rng.random((80, columns)) < 0.1] = NAN
    member = np.isfinite(prices) & (rng.random((80, columns)) < 0.9)
    panel = panel_of(*[(1.0, 1.0, 1.0, 1.0)] * 80)._replace(
        open=prices, high=prices * 1.01, low=prices * 0.99, close=prices, member=member, names=("A",) * columns
    )
    panel = panel._replace(volume=np.where(np.isfinite(prices), 20.0, NAN))
    asked = np.where(rng.random((80, columns)) < 0.1, rng.uniform(-0.5, 1, (80, columns)) / columns, NAN)
    wanted = Signals(asked, mark_episodes(asked))
    rules = Rules(cash=10_000, fee=0.001, volume_limit=0.5 if seed % 2 else None, start=3, can_short=True)
    quick = simulate(panel, wanted, rules)
    # Levels that are nowhere keep the pass from skipping rows.
    slow = simulate(panel, wanted._replace(stop=np.full(prices.shape, NAN)), rules)
    assert np.array_equal(quick.equity, slow.equity)
    assert all(np.array_equal(one, other) for one, other in zip(quick.fills, slow.fills, strict=True))


def test_cash_after_each_row_is_what_fills_and_fees_left_of_it() -> None:
    made = simulate(flat(10, 10, 20, 20, 20), signals(5, 5, 0, 0, 0), Rules(cash=100, fee=0.01))
    assert made.cash.tolist() == pytest.approx([100, 49.5, 49.5, 148.5, 148.5])
