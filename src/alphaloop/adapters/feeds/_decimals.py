"""How many decimals a column of floats was written with, so that exact decimal text can be had back from it."""

from decimal import Decimal
from typing import TYPE_CHECKING

from alphaloop.core.money import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 12
AS_COMPUTED = 99
"""Decimals of a column that was computed and not written: its texts are the shortest that give the floats back."""
_DIGITS = 15  # what every float64 keeps faithfully
_NO_EXPONENT = (1e-4, 1e14)  # outside it the shortest text of a float may be written with an exponent


def count_decimals(*columns: "NDArray[np.float64]") -> int:
    """Fewest decimals, at most 12, that name every value exactly; values with more digits than a float keeps are
    taken at the 15 digits it does keep."""
    import numpy as np

    most = 0
    for column in columns:
        left = column
        if not len(left):
            continue
        whole = len(str(int(np.abs(left).max())))
        ceiling = max(0, min(MOST, _DIGITS - whole))
        for places in range(ceiling + 1):
            left = left[np.round(left, places) != left]
            if not len(left):
                break
        else:
            places = ceiling
        most = max(most, places)
    return most


def decimal_texts(column: "NDArray[np.float64]", places: int) -> list[str]:
    """Plain decimal text of each value, rounded to `places` decimals (AS_COMPUTED: not at all), without trailing
    zeros."""
    import numpy as np
    import polars as pl

    if places == AS_COMPUTED:
        return _shortest(column)

    size = np.abs(column)
    most = min(_NO_EXPONENT[1], 10.0 ** (_DIGITS - places))
    ordinary = (size < most) & ((size >= _NO_EXPONENT[0]) | (size == 0))
    if (ordinary & (np.round(column, places) == column)).all():
        # The shortest text that names a float is, for these values, the one they were read from.
        return pl.Series(column).cast(pl.String).str.strip_suffix(".0").to_list()
    texts = (f"{value:.{places}f}" for value in column.tolist())
    return [text.rstrip("0").rstrip(".") if places else text for text in texts]


def _shortest(column: "NDArray[np.float64]") -> list[str]:
    """The shortest plain text of each float that gives it back."""
    import numpy as np
    import polars as pl

    size = np.abs(column)
    if ((size < _NO_EXPONENT[1]) & ((size >= _NO_EXPONENT[0]) | (size == 0))).all():
        return pl.Series(column).cast(pl.String).str.strip_suffix(".0").to_list()
    return [plain(Decimal(repr(value))) for value in column.tolist()]
