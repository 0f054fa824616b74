"""Puts a stored series across its ex-dates on read, and refuses where nobody knows what its prices are.

Stored prices stay as their source wrote them; a new dividend changes what is read, never what is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from alphaloop.adapters.feeds import AS_COMPUTED
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.corporate import Adjustment, CorporateAction, Direction
from alphaloop.core.errors import InvalidError
from alphaloop.engine.convert import to_float
from alphaloop.features.market.models import StoredMode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alphaloop.kernels.adjust import Steps, Terms

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ExDate:
    """One ex-date as a reader needs it. `day` is the session date at 00:00 UTC in epoch ms; `ratio` the source's own
    step, where it states one."""

    day: int
    terms: CorporateAction
    ratio: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PriceMode:
    """What the prices of a series really are, for ids that must change when the prices do.

    `anchor` is the ex-date in whose prices forward ones are: the newest that has passed by the last bar read, None
    before the first. So the mode stays the same from bar to bar and changes on an ex-date.
    """

    held_as: StoredMode
    direction: Direction
    subtract: bool = False
    anchor: date | None = None

    @property
    def text(self) -> str:
        """Short and stable: `none`, `forward_asof:2024-06-19:ratio`, `forward_asof:start:cash`, `backward:ratio`; what
        the file was made as stands before it, unless as traded (`split/none`)."""
        made = "" if self.held_as is StoredMode.RAW else f"{self.held_as.lower()}/"
        if self.direction is Direction.NONE:
            return f"{made}none"
        formula = "cash" if self.subtract else "ratio"
        if self.direction is Direction.BACKWARD:
            return f"{made}backward:{formula}"
        return f"{made}forward_asof:{self.anchor.isoformat() if self.anchor else 'start'}:{formula}"


class Moded(Protocol):
    """What a cross-section needs to know of each series."""

    @property
    def symbol(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def held_as(self) -> StoredMode: ...


def mode_name(held_as: StoredMode, adjust: Adjustment) -> str:
    """How the prices that come out are named in ids and legends: the adjustment's key for raw series, behind what the
    file was made as for others (`split:forward`, `unknown:none`)."""
    return adjust.key if held_as is StoredMode.RAW else f"{held_as.lower()}:{adjust.key}"


def check_adjustable(held_as: StoredMode, adjust: Adjustment) -> None:
    """InvalidError when prices held like that cannot be adjusted: 'price_mode_unknown' or 'already_adjusted'."""
    if adjust.direction is Direction.NONE or held_as in (StoredMode.RAW, StoredMode.SPLIT):
        return
    if held_as is StoredMode.UNKNOWN:
        raise _refused("Nobody has said how the prices of this series are adjusted; state it first.", "mode_unknown")
    raise InvalidError(
        "The prices of this series were adjusted by whoever made the file, so they cannot be adjusted again.",
        code="already_adjusted",
        fields=(("adjust", "already_adjusted"),),
    )


def check_one_mode(series: Iterable[Moded]) -> str:
    """The price mode that every series of a cross-section has; InvalidError 'price_mode_unknown' or
    'price_modes_mixed' naming the series, because returns of differently adjusted prices cannot be compared."""
    found = list(series)
    unsaid = [one.symbol for one in found if one.held_as is StoredMode.UNKNOWN]
    if unsaid:
        raise InvalidError(
            "Nobody has said how the prices of these series are adjusted; state it first.",
            code="price_mode_unknown",
            fields=tuple((symbol, "mode_unknown") for symbol in unsaid[:_SHOWN]),
        )
    modes = sorted({one.mode for one in found})
    if len(modes) > 1:
        raise InvalidError(
            f"The prices of these series are adjusted in different ways: {', '.join(modes)}.",
            code="price_modes_mixed",
            fields=tuple((one.symbol, "mode_mixed") for one in found[:_SHOWN]),
        )
    return modes[0] if modes else Adjustment().key


def _refused(message: str, field: str) -> InvalidError:
    return InvalidError(message, code="price_mode_unknown", fields=(("adjust", field),))


def terms_of(ex_dates: Iterable[ExDate], held_as: StoredMode) -> "Terms":
    """The ex-dates as arrays. Prices that are put across splits already still owe their dividends."""
    import numpy as np

    from alphaloop.kernels.adjust import Terms

    found = sorted(ex_dates, key=lambda one: one.day)
    split = held_as is StoredMode.SPLIT

    def column(values: Iterable[Decimal | None]) -> "NDArray[np.float64]":
        return np.array([np.nan if value is None else to_float(value) for value in values], dtype=np.float64)

    return Terms(
        day=np.array([one.day for one in found], dtype=np.int64),
        cash=column(one.terms.cash for one in found),
        bonus=column(Decimal(0) if split else one.terms.bonus for one in found),
        rights=column(one.terms.rights for one in found),
        rights_price=column(one.terms.rights_price for one in found),
        ratio=column(None if split else one.ratio for one in found),
    )


def make_steps(
    terms: "Terms", *, days: "NDArray[np.int64]", close: "NDArray[np.float64]", subtract: bool = False
) -> "Steps":
    """Steps of each ex-date from the raw closes (`days` and `close` of the series that is read, or its daily one).

    InvalidError 'bad_corporate_action' when an ex-date leaves no price above zero."""
    from alphaloop.kernels.adjust import closes_before, ratio_steps, subtract_steps

    try:
        return subtract_steps(terms) if subtract else ratio_steps(closes_before(days, close, terms.day), terms)
    except ValueError as error:
        raise InvalidError(
            f"The corporate actions of this instrument cannot be: {error}.", code="bad_corporate_action"
        ) from None


def adjusted(table: BarTable, *, days: "NDArray[np.int64]", steps: "Steps", anchor_day: int) -> BarTable:
    """The table in the prices and shares of `anchor_day`, not rounded; `days` are its rows' session dates."""
    from alphaloop.kernels.adjust import adjust

    if not len(steps.day):
        return table
    made = adjust(
        days, (table.open, table.high, table.low, table.close), table.volume, steps=steps, anchor_day=anchor_day
    )
    return replace(
        table,
        open=made.open,
        high=made.high,
        low=made.low,
        close=made.close,
        volume=made.volume,
        price_decimals=AS_COMPUTED,
        volume_decimals=AS_COMPUTED if (steps.shares != 1.0).any() else table.volume_decimals,
    )
