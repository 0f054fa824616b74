import math

from alphaloop.engine.honesty.stability import parameter_stability
from tests.engine.honesty.planted import DICE, FOLLOWER, Params, noisy, trending


def test_a_real_edge_stays_when_its_parameter_moves() -> None:
    found = parameter_stability(FOLLOWER, trending(), Params(20), fee=0.0005)
    assert found.value > 0.5
    assert [one.to for one in found.neighbours] == [16, 18, 22, 24]
    assert found.kept_share == 1.0
    assert 0.5 * found.value < found.worst <= found.median


def test_a_needle_found_by_searching_noise_is_caught() -> None:
    bars = noisy(3)
    best = max(range(2, 200), key=lambda seed: _sharpe(seed, bars))
    found = parameter_stability(DICE, bars, Params(best), reach=3)
    assert found.value > 1.0
    assert found.kept_share < 1 / 3
    assert found.median < found.value / 2


def test_a_result_below_zero_has_nothing_to_keep() -> None:
    bars = noisy(3)
    worst = min(range(2, 200), key=lambda seed: _sharpe(seed, bars))
    assert math.isnan(parameter_stability(DICE, bars, Params(worst)).kept_share)


def test_neighbours_that_need_too_many_bars_are_left_out() -> None:
    found = parameter_stability(FOLLOWER, trending(rows=90), Params(40))
    assert [one.to for one in found.neighbours] == [32, 36, 44]


def _sharpe(seed: int, bars: object) -> float:
    from alphaloop.engine.backtest import run_backtest

    return float(run_backtest(DICE, bars, Params(seed)).metrics["sharpe"] or 0.0)  # type: ignore[arg-type]
