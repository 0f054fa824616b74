"""Adjustment: checked by hand, never rounded, and never by a future ex-date."""

import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.adjust import (
    Steps,
    Terms,
    adjust,
    broken_links,
    closes_before,
    known_factors,
    ratio_steps,
    reference_prices,
    subtract_steps,
)


def terms(day: list[int], *, cash=None, bonus=None, rights=None, price=None, ratio=None) -> Terms:  # type: ignore[no-untyped-def]
    def column(given: list[float] | None, otherwise: float = 0.0) -> np.ndarray:
        return np.full(len(day), otherwise) if given is None else np.array(given, dtype=float)

    return Terms(
        np.array(day, dtype=np.int64),
        column(cash),
        column(bonus),
        column(rights),
        column(price),
        column(ratio, np.nan),
    )


DAY = np.arange(6, dtype=np.int64)
CLOSE = np.array([10.0, 10.2, 9.0, 9.3, 4.6, 4.7])
# Day 2: 1.20 cash a share. Day 4: ten shares become twenty, and 3 rights for 10 at 2.00.
TERMS = terms([2, 4], cash=[1.2, 0.0], bonus=[0.0, 1.0], rights=[0.0, 0.3], price=[0.0, 2.0])
BEFORE = closes_before(DAY, CLOSE, TERMS.day)


def forward(steps: Steps, anchor: int, close: np.ndarray = CLOSE) -> np.ndarray:
    volume = np.full(len(close), 100.0)
    return adjust(DAY[: len(close)], (close, close, close, close), volume, steps=steps, anchor_day=anchor).close


def test_the_reference_price_is_the_exchanges_formula() -> None:
    assert BEFORE.tolist() == [10.2, 9.3]
    assert reference_prices(BEFORE, TERMS) == pytest.approx([10.2 - 1.2, (9.3 + 0.3 * 2.0) / 2.3])


def test_forward_by_ratio_is_the_hand_calculation_and_leaves_the_newest_bars_alone() -> None:
    first, second = 9.0 / 10.2, (9.9 / 2.3) / 9.3
    made = forward(ratio_steps(BEFORE, TERMS), 5)
    assert made == pytest.approx([10 * first * second, 9.0 * second, 9.0 * second, 9.3 * second, 4.6, 4.7])
    assert made[4:].tolist() == CLOSE[4:].tolist()


def test_backward_by_ratio_leaves_the_oldest_bars_alone() -> None:
    first, second = 10.2 / 9.0, 9.3 / (9.9 / 2.3)
    made = forward(ratio_steps(BEFORE, TERMS), 0)
    assert made == pytest.approx([10.0, 10.2, 9 * first, 9.3 * first, 4.6 * first * second, 4.7 * first * second])


def test_forward_as_of_a_day_knows_nothing_later() -> None:
    made = forward(ratio_steps(BEFORE, TERMS), 3)
    assert made[:4] == pytest.approx([10 * 9 / 10.2, 9.0, 9.0, 9.3])
    early = ratio_steps(BEFORE[:1], Terms(*(column[:1] for column in TERMS)))
    assert made[:4].tolist() == forward(early, 3, CLOSE[:4]).tolist()


def test_the_subtractive_formula_takes_the_cash_off() -> None:
    made = forward(subtract_steps(TERMS), 5)
    assert made == pytest.approx([(10 - 1.2 + 0.6) / 2.3, 9.6 / 2.3, 9.6 / 2.3, 9.9 / 2.3, 4.6, 4.7])
    back = forward(subtract_steps(TERMS), 0)
    assert back[4] == pytest.approx(4.6 * 2.3 - 0.6 + 1.2)


def test_volume_is_counted_in_the_anchor_days_shares() -> None:
    steps = ratio_steps(BEFORE, TERMS)
    volume = np.full(6, 100.0)
    made = adjust(DAY, (CLOSE, CLOSE, CLOSE, CLOSE), volume, steps=steps, anchor_day=5).volume
    assert made == pytest.approx([230.0] * 4 + [100.0] * 2)


def test_the_sources_own_ratio_wins_over_the_terms() -> None:
    steps = ratio_steps(BEFORE, TERMS._replace(ratio=np.array([0.5, np.nan])))
    assert steps.scale == pytest.approx([0.5, 9.9 / 2.3 / 9.3])


def test_an_ex_date_before_the_first_bar_changes_nothing() -> None:
    early = terms([-3], cash=[1.0])
    steps = ratio_steps(closes_before(DAY, CLOSE, early.day), early)
    assert forward(steps, 5).tolist() == CLOSE.tolist()
    assert forward(steps, 0).tolist() == CLOSE.tolist()


def test_an_impossible_action_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        ratio_steps(BEFORE, terms([2, 4], cash=[11.0, 0.0]))
    with pytest.raises(ValueError, match="rise"):
        subtract_steps(terms([4, 2]))


series = st.lists(st.floats(1.0, 500.0), min_size=2, max_size=60)


@settings(max_examples=200, deadline=None)
@given(series, st.data())
def test_what_is_known_at_a_bar_does_not_change_when_more_bars_and_ex_dates_come(
    prices: list[float], data: st.DataObject
) -> None:
    close = np.array(prices)
    day = np.arange(len(close), dtype=np.int64)
    ex_days = sorted(data.draw(st.sets(st.integers(1, len(close) - 1), max_size=5)))
    cash = [data.draw(st.floats(0, 0.9)) for _ in ex_days]
    all_terms = terms(ex_days, cash=cash)
    steps = ratio_steps(closes_before(day, close, all_terms.day), all_terms)
    whole = known_factors(day, steps=steps)
    cut = data.draw(st.integers(1, len(close)))
    seen = all_terms.day < cut
    past = Terms(*(column[seen] for column in all_terms))
    steps_then = ratio_steps(closes_before(day[:cut], close[:cut], past.day), past)
    then = known_factors(day[:cut], steps=steps_then)
    assert whole[:cut].tolist() == then.tolist()
    as_of = adjust(day[:cut], (close[:cut],) * 4, close[:cut], steps=steps_then, anchor_day=cut - 1).close
    assert close[:cut] * then / then[-1] == pytest.approx(as_of)


@settings(max_examples=100, deadline=None)
@given(series, st.booleans(), st.data())
def test_forward_and_backward_prices_turn_into_each_other(
    prices: list[float], subtract: bool, data: st.DataObject
) -> None:
    close = np.array(prices)
    day = np.arange(len(close), dtype=np.int64)
    ex_days = sorted(data.draw(st.sets(st.integers(1, len(close) - 1), min_size=1, max_size=5)))
    made = terms(ex_days, cash=[0.3] * len(ex_days), bonus=[0.5] * len(ex_days))
    steps = subtract_steps(made) if subtract else ratio_steps(closes_before(day, close, made.day), made)
    back = adjust(day, (close,) * 4, close, steps=steps, anchor_day=0).close
    ahead = adjust(day, (close,) * 4, close, steps=steps, anchor_day=len(close)).close
    scale = np.prod(steps.scale)
    moved = back * scale + (ahead[0] - back[0] * scale)
    assert moved == pytest.approx(ahead, rel=1e-9, abs=1e-9)


def test_factors_that_do_not_chain_are_found() -> None:
    scale = np.array([0.9, 0.5, 0.8])
    chained = 1 / np.cumprod(scale)
    assert broken_links(chained, scale).tolist() == []
    chained[1] *= 1.1
    assert broken_links(chained, scale).tolist() == [1, 2]
    assert broken_links(np.array([1.1, -1.0, np.nan]), scale).tolist() == [0, 1, 2]


def test_five_thousand_daily_bars_take_no_time() -> None:
    rows = 5000
    day = np.arange(rows, dtype=np.int64)
    close = 10 + np.random.default_rng(1).random(rows)
    made = terms(list(range(200, 5000, 200)), cash=[0.1] * 24)
    taken = []
    for _ in range(20):
        began = time.perf_counter()
        steps = ratio_steps(closes_before(day, close, made.day), made)
        adjust(day, (close,) * 4, close, steps=steps, anchor_day=rows)
        taken.append(time.perf_counter() - began)
    assert min(taken) < 0.002


@pytest.mark.data
def test_the_steps_of_a_published_adjusted_close_give_that_close_back(test_data: Path) -> None:
    """88 US shares over five years: every step of adj_close over close, taken as an ex-date by ratio, adjusts the
    closes to adj_close. Yahoo keeps six digits of it, which is the tolerance."""
    frame = pl.read_parquet(test_data / "data" / "equity_adjusted" / "daily_adj.parquet").sort("symbol", "ts")
    stepped = 0
    for (symbol,), rows in frame.group_by("symbol", maintain_order=True):
        close, stated = rows["close"].to_numpy(), rows["adj_close"].to_numpy()
        day = np.arange(len(close), dtype=np.int64)
        factor = stated / close
        ex_days = np.flatnonzero(np.abs(factor[1:] / factor[:-1] - 1) > 2e-5) + 1
        stepped += len(ex_days)
        ratio = factor[ex_days - 1] / factor[ex_days]
        made = terms(ex_days.tolist(), ratio=ratio.tolist())
        steps = ratio_steps(closes_before(day, close, made.day), made)
        ours = adjust(day, (close,) * 4, close, steps=steps, anchor_day=len(close)).close
        assert ours * factor[-1] == pytest.approx(stated, rel=2e-4), symbol
    assert stepped == 938
