"""What became of a signal, by hand: stops before takes, gaps at the open, excursions that end with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.signal import Direction
from alphaloop.features.signals.outcome import BarPrices, Hit, Outcome, measure, perform

LONG, SHORT = Direction.LONG, Direction.SHORT
DAY_MS = 86_400_000


def bars(*rows: tuple[float, float, float, float]) -> list[BarPrices]:
    return [BarPrices(*row) for row in rows]


def test_a_take_is_reached_after_a_low() -> None:
    told = measure(LONG, bars((100, 102, 98, 101), (101, 111, 100, 105)), stop=95, take=110)
    assert told is not None
    assert (told.hit, told.bars) == (Hit.TAKE, 2)
    assert told.outcome == pytest.approx(0.10)
    assert told.mfe == pytest.approx(0.10)
    assert told.mae == pytest.approx(0.02)
    assert told.r_multiple == pytest.approx(2.0)


def test_inside_one_bar_the_stop_comes_first() -> None:
    told = measure(LONG, bars((100, 112, 94, 105)), stop=95, take=110)
    assert told is not None
    assert (told.hit, told.outcome, told.mfe) == (Hit.STOP, -0.05, 0.0)
    assert told.r_multiple == -1.0


def test_a_gap_beyond_the_stop_trades_at_the_open() -> None:
    told = measure(SHORT, bars((100, 101, 99, 100), (108, 109, 107, 108)), stop=105, take=90)
    assert told is not None
    assert (told.hit, told.outcome) == (Hit.STOP, -0.08)
    assert told.r_multiple == pytest.approx(-1.6)


def test_a_gap_beyond_the_take_is_a_gift() -> None:
    told = measure(SHORT, bars((100, 101, 99, 100), (85, 86, 84, 85)), stop=105, take=90)
    assert told is not None
    assert (told.hit, told.outcome, told.mfe) == (Hit.TAKE, 0.15, 0.15)


def test_without_levels_the_horizon_ends_it_and_until_then_it_is_open() -> None:
    flat = [(100.0, 101.0, 99.0, 100.0)] * 3
    still = measure(LONG, bars(*flat), stop=None, take=None, horizon=4)
    assert still is not None
    assert (still.hit, still.r_multiple, still.bars) == (None, None, 3)
    over = measure(LONG, bars(*flat, (100, 103, 100, 102), (1, 1, 1, 1)), stop=None, take=None, horizon=4)
    assert over is not None
    assert (over.hit, over.outcome, over.mfe, over.mae, over.bars) == (Hit.HORIZON, 0.02, 0.03, 0.01, 4)


def test_nothing_is_told_without_bars_or_of_a_way_out() -> None:
    assert measure(LONG, [], stop=95, take=None) is None
    assert measure(Direction.FLAT, bars((1, 1, 1, 1)), stop=None, take=None) is None


rows = st.lists(st.tuples(*[st.floats(50, 200)] * 4), min_size=1, max_size=30)


@settings(max_examples=150, deadline=None)
@given(rows, st.one_of(st.none(), st.floats(10, 99)), st.one_of(st.none(), st.floats(101, 400)))
def test_an_outcome_lies_between_its_excursions(
    raw: list[tuple[float, ...]], stop: float | None, take: float | None
) -> None:
    many = [BarPrices(one[0], max(one), min(one), one[3]) for one in raw]
    told = measure(LONG, many, stop=stop, take=take)
    assert told is not None
    assert -told.mae - 1e-9 <= told.outcome <= told.mfe + 1e-9
    assert told.bars <= min(len(many), 20)
    assert told.hit is not None or told.bars == len(many) < 20


def outcome(value: float, r: float | None = None, hit: Hit = Hit.HORIZON) -> Outcome:
    return Outcome(mfe=0.1, mae=0.05, outcome=value, r_multiple=r, hit=hit, bars=3)


def test_figures_of_four_signals_by_hand() -> None:
    ended = [
        (0, outcome(0.04, 2.0, Hit.TAKE)),
        (DAY_MS, outcome(-0.02, -1.0, Hit.STOP)),
        (2 * DAY_MS, outcome(0.02)),
        (3 * DAY_MS, outcome(0.0)),
    ]
    told = perform(ended)
    assert (told.measured, told.win_rate) == (4, 0.5)
    assert told.profit_loss_ratio == pytest.approx(1.5)
    assert told.expectancy_r == 0.5
    assert told.hits == {"STOP": 1, "TAKE": 1, "HORIZON": 2}
    # Mean 0.01, deviations 0.03, -0.03, 0.01, -0.01: standard deviation sqrt(0.002 / 3); a signal a day.
    assert told.sharpe == pytest.approx(0.01 / (0.002 / 3) ** 0.5 * 365.25**0.5)


def test_figures_that_cannot_be_told_are_not() -> None:
    told = perform([])
    assert (told.measured, told.win_rate, told.sharpe, told.profit_loss_ratio) == (0, None, None, None)
    assert perform([(0, outcome(0.01)), (0, outcome(0.02))]).sharpe is None
    assert perform([(0, outcome(0.01)), (9, outcome(0.01))]).sharpe is None
