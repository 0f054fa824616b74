"""What has risen goes on rising for a while, because news is priced slowly.

All take closes float64[T,N] that are comparable over time (splits taken out) and give float64[T,N]; larger values are
meant to earn more. NaN until the window is full and where there is no bar."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.factors.own_rows import (
    Floats,
    by_instrument,
    check_rows,
    check_skip,
    growth,
    late,
    over,
    steps_of,
)


def momentum(close: npt.ArrayLike, lookback: int = 252, skip: int = 21) -> Floats:
    """Rise from `lookback` to `skip` rows ago: a year without its last month, which tends to reverse (Jegadeesh and
    Titman, *Returns to buying winners and selling losers*, Journal of Finance 48, 1993)."""
    check_skip(lookback, skip)
    return by_instrument(lambda column: growth(column, lookback, skip), close)


def high_nearness(close: npt.ArrayLike, lookback: int = 252) -> Floats:
    """Close over the highest close of `lookback` rows, 0..1 (George and Hwang, *The 52-week high and momentum
    investing*, Journal of Finance 59, 2004)."""
    check_rows(lookback=lookback)
    return by_instrument(
        lambda column: column / over(column, lookback, lambda windows: np.asarray(windows.max(axis=1))), close
    )


def steady_momentum(close: npt.ArrayLike, lookback: int = 252, skip: int = 21) -> Floats:
    """Mean over deviation of the steps from `lookback` to `skip` rows ago: a rough rise counts less (Rachev, Jašić,
    Stoyanov and Fabozzi, *Momentum strategies based on reward-risk stock selection criteria*, Journal of Banking
    and Finance 31, 2007). NaN where the steps do not differ."""
    check_skip(lookback, skip)
    if lookback - skip < 2:
        raise ValueError("a deviation needs two steps")
    return by_instrument(lambda column: _delayed(late(_ratio(steps_of(column), lookback - skip)), skip), close)


def rising_days(close: npt.ArrayLike, lookback: int = 252, skip: int = 21) -> Floats:
    """Share of rising less share of falling steps from `lookback` to `skip` rows ago: many small steps are noticed less
    than one large one (Da, Gurun and Warachka, *Frog in the pan*, Review of Financial Studies 27, 2014)."""
    check_skip(lookback, skip)

    def balance(column: Floats) -> Floats:
        signs = np.sign(np.diff(column))
        return _delayed(late(over(signs, lookback - skip, lambda windows: np.asarray(windows.mean(axis=1)))), skip)

    return by_instrument(balance, close)


def _ratio(steps: Floats, rows: int) -> Floats:
    def measure(windows: Floats) -> Floats:
        spread = windows.std(axis=1, ddof=1)
        # Equal steps differ by rounding only: that is no deviation.
        told = spread > 1e-12
        made: Floats = np.divide(windows.mean(axis=1), spread, out=np.full(len(spread), np.nan), where=told)
        return made

    return over(steps, rows, measure)


def _delayed(values: Floats, rows: int) -> Floats:
    return np.concatenate([np.full(min(rows, len(values)), np.nan), values[: max(len(values) - rows, 0)]])
