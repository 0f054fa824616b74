"""How many decimals a column of floats was written with, so that exact decimal text can be had back from it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 12
_DIGITS = 15  # what every float64 keeps faithfully


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
    """Plain decimal text of each value without trailing zeros."""
    if places == 0:
        return [f"{value:.0f}" for value in column.tolist()]
    return [f"{value:.{places}f}".rstrip("0").rstrip(".") for value in column.tolist()]
