"""A factor and everything that should be known before anybody trades it, as one plain answer for pages and scripts."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.cross_section import winsorise
from alphaloop.kernels.factor_report import (
    Correlation,
    FactorReport,
    correlate_ranks,
    factor_report,
    forward_returns,
    quantile_of,
)
from alphaloop.kernels.factors.catalogue import FACTORS, make_factor
from alphaloop.kernels.factors.own_rows import Floats
from alphaloop.kernels.factors.warnings import find_warnings

_POINTS = 240
# Rows on which other factors are compared: their mean correlation moves little with more.
_COMPARED_ROWS = 250
_DIGITS = 6


def study_factor(
    key: str,
    inputs: Mapping[str, npt.ArrayLike],
    *,
    ts_ms: npt.ArrayLike,
    names: Sequence[str],
    params: Mapping[str, int] | None = None,
    horizons: Sequence[int] = (1, 5, 20),
    quantiles: int = 5,
    delay: int = 1,
    tails: float = 0.01,
    on_step: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Everything about the factor `key` made of `inputs` (each float64[T,N]; `close` is always needed), as plain JSON.

    `ts_ms` int64[T] are the rows' times, `names` the N instruments. What lies beyond the quantiles `tails` and 1 -
    `tails` of its row is pulled in before it is correlated. `on_step(step)` is called before "factor", "report" and
    "others" and may raise to stop. ValueError for what does not fit. Figures that cannot be told are null, curves have
    240 points at most, and numbers six digits.
    """
    say = on_step or (lambda step: None)
    say("factor")
    close, times = np.asarray(inputs["close"], dtype=np.float64), np.asarray(ts_ms, dtype=np.int64)
    if close.shape != (len(times), len(names)):
        raise ValueError("closes have one row for each time and one column for each name")
    raw = make_factor(key, inputs, params)
    values = winsorise(raw, tails, 1.0 - tails)
    say("report")
    found = factor_report(values, close, horizons=horizons, quantiles=quantiles, delay=delay)
    say("others")
    factor = FACTORS[key]
    made = {
        "factor": key,
        "category": factor.category,
        "label": factor.label,
        "params": factor.params | dict(params or {}),
        "instruments": list(names),
        "rows": len(times),
        "first_ts": int(times[0]) if len(times) else None,
        "last_ts": int(times[-1]) if len(times) else None,
        "horizons": list(horizons),
        "quantiles": quantiles,
        "delay": delay,
        "ic": [_correlation(one) for one in found.linear],
        "rank_ic": [_correlation(one) for one in found.ranked],
        "quantile_returns": found.quantile_returns,
        "spread": found.spread,
        "turnover": found.turnover,
        "renewed": found.renewed,
        "break_even": found.break_even,
        "persistence": found.persistence,
        "coverage": found.coverage,
        "curves": _curves(values, close, times, found, quantiles),
        "others": _others(key, values, inputs),
        "warnings": find_warnings(values, close, found),
    }
    plain: dict[str, Any] = _plain(made)
    return plain


def _correlation(one: Correlation) -> dict[str, Any]:
    return one._asdict()


def _curves(values: Floats, close: Floats, times: npt.NDArray[np.int64], found: FactorReport, quantiles: int) -> Any:
    """Rank IC by row and summed up, growth of each quantile held for a row at a time, and coverage, all thinned."""
    parts = np.array_split(np.arange(len(times)), min(_POINTS, max(len(times), 1)))
    ends = [int(part[-1]) for part in parts if len(part)]
    bins, ahead = quantile_of(values, quantiles), forward_returns(close, 1, found.delay)
    priced = np.isfinite(close).sum(axis=1)
    share = np.divide(
        (np.isfinite(values) & np.isfinite(close)).sum(axis=1), priced, where=priced > 0, out=_gap(priced)
    )
    return {
        "ts": times[ends],
        "rank_ic": [[_mean(row[part]) for part in parts if len(part)] for row in found.rank_ic],
        "cumulative": np.cumsum(np.nan_to_num(found.rank_ic), axis=1)[:, ends],
        "growth": [_growth(bins == q, ahead)[ends] for q in range(quantiles)],
        "coverage": [_mean(share[part]) for part in parts if len(part)],
        "names": [_mean((bins >= 0).sum(axis=1)[part].astype(float)) for part in parts if len(part)],
    }


def _gap(like: npt.NDArray[np.int64]) -> Floats:
    return np.full(len(like), np.nan)


def _growth(inside: npt.NDArray[np.bool_], ahead: Floats) -> Floats:
    """What one unit became that was renewed on every row among the members, equally, float64[T]."""
    held = inside & np.isfinite(ahead)
    count = held.sum(axis=1)
    earned = np.where(held, ahead, 0.0).sum(axis=1) / np.maximum(count, 1)
    made: Floats = np.cumprod(1.0 + earned)
    return made


def _others(key: str, values: Floats, inputs: Mapping[str, npt.ArrayLike]) -> list[dict[str, Any]]:
    """Mean rank correlation with every other factor that these inputs allow, the nearest first."""
    rows = np.unique(np.linspace(0, max(len(values) - 1, 0), _COMPARED_ROWS).astype(int))[: len(values)]
    found = []
    for other in FACTORS.values():
        if other.key != key and all(name in inputs for name in other.needs):
            beside = make_factor(other.key, inputs)
            mean = _mean(correlate_ranks(values[rows], beside[rows]))
            if math.isfinite(mean):
                found.append({"factor": other.key, "label": other.label, "mean": mean})
    return sorted(found, key=lambda one: -abs(one["mean"]))


def _mean(values: Floats) -> float:
    told = values[np.isfinite(values)]
    return float(told.mean()) if len(told) else math.nan


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray):
        return [_plain(inner) for inner in value.tolist()]
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    return value
