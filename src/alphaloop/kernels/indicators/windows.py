"""What every indicator agrees on: one array form and one way to refuse a period."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def column(values: npt.ArrayLike) -> Floats:
    """`values` as a contiguous writable float64[N]. Raises ValueError when it is not one column of numbers."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError("an indicator takes one column of numbers")
    return np.require(array, requirements=["C", "W"])


def columns(*values: npt.ArrayLike) -> tuple[Floats, ...]:
    """Equally long columns. Raises ValueError when the lengths differ."""
    arrays = tuple(column(value) for value in values)
    if len({array.shape[0] for array in arrays}) > 1:
        raise ValueError("the columns have different lengths")
    return arrays


def check_period(name: str, period: int) -> int:
    """`period` when it is a whole number of rows, at least 1; else ValueError."""
    if isinstance(period, bool) or not isinstance(period, int | np.integer) or period < 1:
        raise ValueError(f"{name} must be a whole number of rows, at least 1")
    return int(period)
