import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.periods import all_series, between, common_start, earned, figure, row_times
from alphaloop.engine.panel import Series
from tests.engine.honesty.planted import FOLLOWER, Params, trending


def test_a_part_of_one_history_holds_its_rows_alone() -> None:
    bars = trending(rows=50)
    part = between(bars, 10, 20)
    assert isinstance(part, Series)
    np.testing.assert_array_equal(part.ts_ms, bars.ts_ms[10:20])
    np.testing.assert_array_equal(part.close, bars.close[10:20])


def test_a_part_of_several_histories_follows_their_common_rows() -> None:
    one = trending(rows=60)
    other = between(trending(2, 60), 30, 60)
    assert isinstance(other, Series)
    both = [one, other._replace(name="Y")]
    assert len(row_times(both)) == 60
    early, late = all_series(between(both, 0, 30)), all_series(between(both, 20, 40))
    assert [len(series.close) for series in early] == [30, 0]
    assert [len(series.close) for series in late] == [20, 10]
    assert [len(series.close) for series in all_series(between(both, 0, 60))] == [60, 30]


def test_what_was_earned_compounds_to_the_final_equity() -> None:
    result = run_backtest(FOLLOWER, trending(), Params(), cash=1000.0, fee=0.001)
    assert 1000.0 * np.prod(1 + earned(result)) == pytest.approx(result.metrics["final_equity"])
    assert len(earned(result)) == 1500 - 19
    assert common_start(FOLLOWER, [Params(5), Params(50)]) == 49


def test_a_metric_that_no_run_has_is_refused() -> None:
    result = run_backtest(FOLLOWER, trending(rows=100), Params())
    assert figure(result, "trades") == result.metrics["trades"]
    with pytest.raises(InvalidError) as refusal:
        figure(result, "sharp")
    assert refusal.value.code == "unknown_metric"
