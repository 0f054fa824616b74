"""Fractals (分型): a merged bar that stands out from both neighbours, the only places where a stroke may end."""

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.compiled import compiled, inlined
from alphaloop.kernels.chan.layout import M_HIGH, M_HIGH_AT, M_KIND, M_LOW, M_LOW_AT, TIE_RULE

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@inlined
def mark_fractal(mi: Ints, mf: Floats, k: int) -> int:
    """Classify merged bar `k` as its right neighbour opens: +1 top, -1 bottom, 0 neither (kept in `mi`).

    The verdict stands although the neighbour may still grow: a bar going away from a fractal only goes further."""
    kind = 0
    high, low = mf[k, M_HIGH], mf[k, M_LOW]
    before_high, before_low = mf[k - 1, M_HIGH], mf[k - 1, M_LOW]
    after_high, after_low = mf[k + 1, M_HIGH], mf[k + 1, M_LOW]
    if high > before_high and high > after_high and low > before_low and low > after_low:
        kind = 1
    elif high < before_high and high < after_high and low < before_low and low < after_low:
        kind = -1
    mi[k, M_KIND] = kind
    return kind


@compiled
def peak_row(mi: Ints, m: int, kind: int) -> int:
    """Raw row that carries the high (kind +1) or the low (kind -1) of merged bar `m`; the last one on ties."""
    row: int = mi[m, M_HIGH_AT] if kind > 0 else mi[m, M_LOW_AT]
    return row


@compiled
def outer(mf: Floats, m: int, kind: int) -> float:
    """The price a fractal of `kind` is about, signed so that larger always means further out."""
    price: float = mf[m, M_HIGH] if kind > 0 else -mf[m, M_LOW]
    return price


@compiled
def inner(mf: Floats, m: int, kind: int) -> float:
    """The other edge of merged bar `m` seen from a fractal of `kind`, in the same sign as `outer`."""
    price: float = mf[m, M_LOW] if kind > 0 else -mf[m, M_HIGH]
    return price


@compiled
def passes(ints: Ints, price: float, end: float) -> bool:
    """Whether `price` takes over from a stroke's `end`, both signed as by `outer`; equal prices if the rule says so."""
    return price > end or (price == end and ints[TIE_RULE] == 0)
