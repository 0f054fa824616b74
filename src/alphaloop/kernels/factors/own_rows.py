"""What every factor agrees on: an instrument's windows run over the rows on which it had a bar, and over no others."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# Cells of windows held at once: bounds the memory whatever the length of the series.
_CELLS = 2_000_000


def by_instrument(make: Callable[..., Floats], *tables: npt.ArrayLike) -> Floats:
    """`make` of each instrument's own rows, float64[T,N]; NaN on rows where one of its inputs is absent.

    `tables` are float64[T,N], `make` takes one column of each, without gaps, and gives one as long. ValueError when
    the tables differ in shape.
    """
    given = [np.asarray(table, dtype=np.float64) for table in tables]
    if given[0].ndim != 2 or any(table.shape != given[0].shape for table in given):
        raise ValueError("a factor takes tables of one shape, rows by instruments")
    made: Floats = np.full(given[0].shape, np.nan)
    present = np.logical_and.reduce([np.isfinite(table) for table in given])
    for n in range(made.shape[1]):
        rows = np.flatnonzero(present[:, n])
        if len(rows):
            values = make(*(np.ascontiguousarray(table[rows, n]) for table in given))
            made[rows, n] = np.where(np.isfinite(values), values, np.nan)
    return made


def over(values: Floats, rows: int, measure: Callable[[Floats], Floats]) -> Floats:
    """`measure` of the last `rows` values at each row, float64[T]; NaN until there are as many.

    `measure` takes float64[K,rows] and gives float64[K].
    """
    made = np.full(len(values), np.nan)
    if len(values) < rows:
        return made
    windows = np.lib.stride_tricks.sliding_window_view(values, rows)
    step = max(_CELLS // rows, 1)
    for first in range(0, len(windows), step):
        # Copied, so that a window is summed in the same order however many follow it.
        part = measure(np.ascontiguousarray(windows[first : first + step]))
        made[rows - 1 + first : rows - 1 + first + len(part)] = part
    return made


def mean_over(values: Floats, rows: int) -> Floats:
    return over(values, rows, lambda windows: np.asarray(windows.mean(axis=1)))


def growth(close: Floats, lookback: int, skip: int = 0) -> Floats:
    """Rise from `lookback` rows ago to `skip` rows ago, float64[T]; NaN until both are there."""
    made = np.full(len(close), np.nan)
    if len(close) > lookback:
        made[lookback:] = close[lookback - skip : len(close) - skip] / close[: len(close) - lookback] - 1.0
    return made


def steps_of(close: Floats) -> Floats:
    """Rise since the row before, float64[T - 1]."""
    made: Floats = close[1:] / close[:-1] - 1.0
    return made


def late(values: Floats) -> Floats:
    """Values that begin one row late, in their place: NaN and then they."""
    return np.concatenate([[np.nan], values])


def check_rows(**numbers: int) -> None:
    """ValueError unless each is a whole number of rows, 1 or more."""
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name} must be a whole number of rows, 1 or more")


def check_skip(lookback: int, skip: int) -> None:
    """ValueError unless the window is longer than what is left out at its end."""
    check_rows(lookback=lookback)
    if isinstance(skip, bool) or not isinstance(skip, int | np.integer) or not 0 <= skip < lookback:
        raise ValueError("skip must be a whole number of rows, 0 or more and less than lookback")
