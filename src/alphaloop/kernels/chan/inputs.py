"""What may enter the Chan layers; a wrong bar is refused with its row instead of bending every layer above it."""

import math

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class ChanInputError(ValueError):
    """A bar that cannot be read. `row` is its 0-based row in what was given, `reason` one plain sentence."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(f"row {row}: {reason}")
        self.row = row
        self.reason = reason

    def __reduce__(self) -> tuple[type["ChanInputError"], tuple[int, str]]:
        return type(self), (self.row, self.reason)


def bar_fault(open: float, high: float, low: float, close: float) -> str:
    """Why these prices are refused; the first fault only."""
    prices = (open, high, low, close)
    if any(math.isnan(price) for price in prices):
        return "a price is missing (NaN)"
    if any(math.isinf(price) for price in prices):
        return "a price is infinite"
    if any(price <= 0.0 for price in prices):
        return "a price is zero or negative"
    return "the high is below the low"


def _price_column(name: str, values: npt.ArrayLike, rows: int) -> Floats:
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ChanInputError(0, f"the {name} column is not numeric") from None
    if column.ndim != 1 or column.shape[0] != rows:
        raise ChanInputError(min(rows, column.shape[0] if column.ndim else 0), f"the {name} column has another length")
    # Compiled code is specialised by layout and write flag; one form keeps it to one compilation.
    return np.require(column, requirements=["C", "W"])


def checked_bars(
    ts_ms: npt.ArrayLike,
    open: npt.ArrayLike,
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    volume: npt.ArrayLike,
    *,
    after: int | None = None,
) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """(ts, high, low, close, volume) as contiguous arrays. Raises ChanInputError for the first unfit row.

    ts must rise strictly (and lie after `after`), prices be finite and positive, high not below low. An absent
    (NaN) volume is allowed: only the volume measures read it."""
    ts = np.asarray(ts_ms)
    if ts.ndim != 1:
        raise ChanInputError(0, "the ts column is not a list of times")
    rows = ts.shape[0]
    if rows and not np.issubdtype(ts.dtype, np.integer):
        raise ChanInputError(0, "the ts column is not whole milliseconds")
    ts = ts.astype(np.int64)
    o, h, lo, c = (_price_column(*item, rows) for item in zip(_NAMES, (open, high, low, close), strict=True))
    v = _price_column("volume", volume, rows)
    if rows == 0:
        return ts, h, lo, c, v
    finite = np.isfinite(o) & np.isfinite(h) & np.isfinite(lo) & np.isfinite(c)
    fit = finite & (o > 0.0) & (lo > 0.0) & (c > 0.0) & (h >= lo)
    rises = np.empty(rows, np.bool_)
    rises[0] = after is None or bool(ts[0] > after)
    rises[1:] = ts[1:] > ts[:-1]
    good = fit & rises
    if not good.all():
        row = int(np.argmin(good))
        if not fit[row]:
            raise ChanInputError(row, bar_fault(float(o[row]), float(h[row]), float(lo[row]), float(c[row])))
        raise ChanInputError(row, "the time does not come after the bar before")
    return ts, h, lo, c, v


_NAMES = ("open", "high", "low", "close")
