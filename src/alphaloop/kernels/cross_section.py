"""Instruments compared with each other, row by row: every value is judged among those of the same moment.

All take float64[T,N] (or one row [N]) and give the same shape back; NaN is absent and stays absent."""

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def rank(values: npt.ArrayLike) -> Floats:
    """Place among the values of the row, from near 0 to 1 for the largest: rank / count, equals share their mean."""
    table, shape = _rows(values)
    made = np.full(table.shape, np.nan)
    # numpy sorts several times as fast as compiled code; what is absent comes last.
    _rank_rows(table, np.argsort(table, axis=1), made)
    return made.reshape(shape)


def winsorise(values: npt.ArrayLike, low: float = 0.01, high: float = 0.99) -> Floats:
    """Values pulled in to the row's quantiles `low` and `high` (linear between neighbours), instead of dropped.

    ValueError unless 0 <= low <= high <= 1.
    """
    if not 0.0 <= low <= high <= 1.0:
        raise ValueError("quantiles rise from 0 to 1")
    table, shape = _rows(values)
    made = np.full(table.shape, np.nan)
    told = np.isfinite(table).any(axis=1)
    if told.any():
        floor, ceiling = np.nanquantile(table[told], (low, high), axis=1)
        made[told] = np.clip(table[told], floor[:, None], ceiling[:, None])
    return made.reshape(shape)


def zscore(values: npt.ArrayLike) -> Floats:
    """Distance from the row's mean in sample deviations; NaN where fewer than two values differ."""
    table, shape = _rows(values)
    centred, count = _centred(table, np.isfinite(table))
    spread = np.sqrt(np.nansum(centred**2, axis=1) / np.maximum(count - 1, 1))
    size = np.nanmax(np.abs(np.where(np.isfinite(table), table, 0.0)), axis=1, initial=0.0)
    # Equal values differ by rounding only: that is no spread.
    flat = (count < 2) | (spread <= 1e-13 * size)
    made: Floats = centred / np.where(flat, np.nan, spread)[:, None]
    return made.reshape(shape)


def neutralise(
    values: npt.ArrayLike, *, groups: npt.ArrayLike | None = None, exposures: npt.ArrayLike | None = None
) -> Floats:
    """What is left of the values after their groups' means and their exposures are taken out, row by row.

    `groups` int64[N] or [T,N], such as sectors (-1: none, which gives NaN). `exposures` float64[T,N] or [T,N,K], such
    as size or beta: the residual of least squares on them and a constant (one constant a group with `groups`). NaN
    where an exposure is absent and in rows with fewer values than coefficients. ValueError when shapes differ.
    """
    table, shape = _rows(values)
    kinds = np.zeros(table.shape, dtype=np.int64) if groups is None else _spread(groups, table.shape)
    kept = np.isfinite(table) & (kinds >= 0)
    if exposures is None:
        made = np.full(table.shape, np.nan)
        _demean(table, kinds, kept, made)
        return made.reshape(shape)
    loads = np.asarray(exposures, dtype=np.float64)
    loads = loads.reshape(*table.shape, -1) if loads.size else np.empty((*table.shape, 0))
    kept &= np.isfinite(loads).all(axis=2)
    # Taking group means out of both sides first is the same as a constant for every group (Frisch and Waugh, 1933).
    made = np.full(table.shape, np.nan)
    _demean(table, kinds, kept, made)
    inside = np.full(loads.shape, np.nan)
    for k in range(loads.shape[2]):
        column = np.full(table.shape, np.nan)
        _demean(np.ascontiguousarray(loads[:, :, k]), kinds, kept, column)
        inside[:, :, k] = column
    for t in range(len(table)):
        made[t] = _residual(made[t], inside[t], kept[t], len(np.unique(kinds[t][kept[t]])))
    return made.reshape(shape)


def _rows(values: npt.ArrayLike) -> tuple[Floats, tuple[int, ...]]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in (1, 2):
        raise ValueError("a cross-section is one row or a table of rows")
    table = np.ascontiguousarray(array.reshape(1, -1) if array.ndim == 1 else array)
    # Infinity has no place in an average; it is as good as absent.
    return np.where(np.isfinite(table), table, np.nan), array.shape


def _spread(groups: npt.ArrayLike, shape: tuple[int, ...]) -> Ints:
    kinds = np.asarray(groups, dtype=np.int64)
    if kinds.shape not in (shape, shape[1:]):
        raise ValueError("groups are one number per instrument, or per row and instrument")
    return np.ascontiguousarray(np.broadcast_to(kinds, shape))


def _centred(table: Floats, kept: npt.NDArray[np.bool_]) -> tuple[Floats, Ints]:
    count = kept.sum(axis=1)
    mean = np.where(kept, table, 0.0).sum(axis=1) / np.maximum(count, 1)
    return table - mean[:, None], count


def _residual(values: Floats, loads: Floats, kept: npt.NDArray[np.bool_], constants: int) -> Floats:
    left = np.full(len(values), np.nan)
    if kept.sum() < constants + loads.shape[1] or not kept.any():
        return left
    scale = np.sqrt((loads[kept] ** 2).sum(axis=0))
    x = loads[kept] / np.where(scale > 0.0, scale, 1.0)
    # Exposures that depend on each other take out what they share once; the residual stays the same.
    left[kept] = values[kept] - x @ np.linalg.lstsq(x, values[kept], rcond=1e-12)[0]
    return left


@njit(cache=True)
def _rank_rows(table: Floats, order: Ints, made: Floats) -> None:
    for t in range(table.shape[0]):
        values, places = table[t], order[t]
        count = len(places)
        while count > 0 and np.isnan(values[places[count - 1]]):
            count -= 1
        first = 0
        while first < count:
            last = first
            while last + 1 < count and values[places[last + 1]] == values[places[first]]:
                last += 1
            for k in range(first, last + 1):
                made[t, places[k]] = (0.5 * (first + last) + 1.0) / count
            first = last + 1


@njit(cache=True)
def _demean(table: Floats, kinds: Ints, kept: npt.NDArray[np.bool_], made: Floats) -> None:
    for t in range(table.shape[0]):
        most = 0
        for n in range(table.shape[1]):
            if kinds[t, n] > most:
                most = kinds[t, n]
        sums, counts = np.zeros(most + 1), np.zeros(most + 1)
        for n in range(table.shape[1]):
            if kept[t, n]:
                sums[kinds[t, n]] += table[t, n]
                counts[kinds[t, n]] += 1.0
        for n in range(table.shape[1]):
            if kept[t, n]:
                made[t, n] = table[t, n] - sums[kinds[t, n]] / counts[kinds[t, n]]
