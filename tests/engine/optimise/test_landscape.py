"""The map and the shares of a search whose answer is known."""

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.optimise import Axis, Goal, Space, Trial, importance, parameter_map

SPACE = Space(
    (
        Axis("x", whole=True, low=1, high=4, step=1),
        Axis("y", whole=True, low=1, high=3, step=1),
        Axis("z", low=0.0, high=1.0),
    )
)


def grid(weight: float = 0.0) -> list[Trial]:
    """The figure is x, and `weight` times z."""
    points = [{"x": x, "y": y, "z": z} for x in range(1, 5) for y in range(1, 4) for z in (0.0, 0.5, 1.0)]
    return [Trial(k, point, {"sharpe": point["x"] + weight * point["z"]}) for k, point in enumerate(points)]


def test_a_cell_holds_the_best_and_the_mean_of_its_trials() -> None:
    made = parameter_map(grid(1.0), SPACE, Goal(), "x", "y")
    assert (made.x, made.y) == ((1, 2, 3, 4), (1, 2, 3))
    assert np.array_equal(made.best, [[2, 3, 4, 5]] * 3)
    assert np.allclose(made.mean, [[1.5, 2.5, 3.5, 4.5]] * 3)
    assert made.count.sum() == 36


def test_the_best_is_the_smallest_where_that_is_sought() -> None:
    made = parameter_map(grid(1.0), SPACE, Goal(maximise=False), "x", "y")
    assert np.array_equal(made.best[0], [1, 2, 3, 4])


def test_cells_without_a_trial_are_empty_and_many_values_share_one() -> None:
    made = parameter_map(grid()[:3], SPACE, Goal(), "z", "x")
    assert made.best.shape == (4, 24)
    assert np.isfinite(made.best).sum() == 3
    assert made.count[0, 23] == 1
    assert (made.x[0], made.x[23]) == (0.02083, 0.9792)
    wide = Space((Axis("x", whole=True, low=0, high=48, step=1),))
    assert parameter_map([], wide, Goal(), "x").x[:3] == (1, 3, 5)


def test_one_parameter_alone_is_a_row() -> None:
    made = parameter_map(grid(), SPACE, Goal(), "x")
    assert np.array_equal(made.best, [[1, 2, 3, 4]])


@pytest.mark.parametrize(("x", "y"), [("x", "x"), ("nothing", "y"), ("x", "nothing")])
def test_a_map_over_what_was_not_searched_is_refused(x: str, y: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        parameter_map(grid(), SPACE, Goal(), x, y)
    assert refusal.value.code == "unknown_axis"


def test_the_parameter_that_decides_has_the_whole_share() -> None:
    shares = importance(grid(), SPACE, Goal())
    assert shares["x"] == pytest.approx(1.0)
    assert shares["y"] == pytest.approx(0.0)
    assert importance(grid(2.0), SPACE, Goal())["z"] == pytest.approx(0.6667 / (0.6667 + 1.25), abs=1e-4)
    assert importance(grid()[:5], SPACE, Goal()) == {}
