"""Where a leg's bid and ask come from: a quoted chain where there is one, else the underlying and its VIX by a rule.

The rule is stated, not fitted to the run: it is there because option chains over years are not."""

import math
from dataclasses import dataclass, fields
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from alphaloop.core.errors import InvalidError
from alphaloop.engine.notes import Note
from alphaloop.engine.options.legs import Contracts
from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.kernels.options.greeks import option_greeks
from alphaloop.kernels.options.implied import implied_volatility
from alphaloop.kernels.options.pricing import option_price

YEAR_MS = 365 * 86_400_000

# Volatility as a part of VIX: at the forward, and its change per deviation of the strike from it. Read off S&P 500
# options of one to four months at the closes of 21 and 22 December 2015; farther strikes stay at the ends.
AT_FORWARD, PER_DEVIATION = 0.88, -0.21
_NEAREST, _FARTHEST = -4.0, 1.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a contract is and costs. Fractions, not per cent.

    `multiplier` units of the underlying per contract, `fee` per contract and side, `fee_rate` on the underlying. Half
    the spread is `half_spread` and `half_share` of the price, as S&P 500 options were quoted on 4 January 2021; earlier
    ones were wider. `dividend` is the underlying's yield a year.
    A naked short leg needs its price plus `naked` of the underlying less what it is out of the money, and no less than
    its price plus `naked_floor` of the underlying (calls) or the strike (puts). `delivery`: exercise delivers the
    underlying; else it pays cash.
    """

    multiplier: float = 100.0
    fee: float = 0.65
    fee_rate: float = 0.0001
    half_spread: float = 0.10
    half_share: float = 0.006
    dividend: float = 0.018
    naked: float = 0.15
    naked_floor: float = 0.10
    delivery: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = float(getattr(self, field.name))
            least = 1e-9 if field.name == "multiplier" else -1.0 if field.name == "dividend" else 0.0
            if not least <= value < math.inf or (field.name in _SHARES and value > 1.0):
                raise InvalidError(
                    f"{field.name} is not a possible number.",
                    code="out_of_bounds",
                    fields=((field.name, "out_of_bounds"),),
                )


_SHARES = ("fee_rate", "half_share", "dividend", "naked", "naked_floor")


class Quotes(NamedTuple):
    """Of some contracts at one row, float64[K] in units of the underlying; NaN where there is no quote."""

    bid: Floats
    ask: Floats
    mark: Floats


class Market(Protocol):
    """Quotes at a row's close, known only then."""

    @property
    def notes(self) -> tuple[Note, ...]: ...

    def at(self, row: int, which: Ints) -> Quotes: ...

    def deltas(self, row: int, which: Ints) -> Floats: ...


def model_volatility(
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    years: npt.ArrayLike,
    vix: npt.ArrayLike,
    *,
    rate: npt.ArrayLike = 0.0,
    dividend: npt.ArrayLike = 0.0,
) -> Floats:
    """Volatility a year by the stated rule: VIX x (0.88 - 0.21 x d), the same for all dates.

    d is ln(strike / forward) in deviations, VIX x sqrt(years), held within -4..1. `vix` as quoted, such as 16.6. What
    is not positive there gives NaN.
    """
    level = np.asarray(vix, np.float64) / 100.0
    level = np.where(level > 0.0, level, np.nan)
    life = np.maximum(np.asarray(years, np.float64), 1.0 / 365.0)
    forward = np.asarray(spot) * np.exp((np.asarray(rate) - np.asarray(dividend)) * life)
    deviations = np.clip(np.log(np.asarray(strike) / forward) / (level * np.sqrt(life)), _NEAREST, _FARTHEST)
    made: Floats = level * (AT_FORWARD + PER_DEVIATION * deviations)
    return made


class ModelQuotes:
    """Quotes made from the underlying's close, its VIX and the rate, each float64[T,1] as named in the extras."""

    def __init__(self, panel: Panel, contracts: Contracts, terms: Terms) -> None:
        for name in ("vix", "rate"):
            if name not in panel.extras:
                raise InvalidError(
                    f"Options are priced from {name}.", code="missing_extra", fields=((name, "missing"),)
                )
        self._spot, self._close_ms = panel.close[:, 0], panel.close_ms
        self._vix, self._rate = panel.extras["vix"][:, 0], panel.extras["rate"][:, 0]
        self._contracts, self._terms = contracts, terms

    @property
    def notes(self) -> tuple[Note, ...]:
        rule = {"at_forward": AT_FORWARD, "per_deviation": -PER_DEVIATION, "nearest": _NEAREST, "farthest": _FARTHEST}
        terms = self._terms
        costs = {"half_spread": terms.half_spread, "half_share": terms.half_share, "dividend": terms.dividend}
        return Note("options_by_model", rule), Note("option_costs", costs)

    def at(self, row: int, which: Ints) -> Quotes:
        spot, strike, years, volatility, call, rate = self._inputs(row, which)
        mark = option_price(spot, strike, years, volatility, call, rate=rate, dividend=self._terms.dividend)
        half = self._terms.half_spread + self._terms.half_share * mark
        return Quotes(np.maximum(mark - half, 0.0), mark + half, mark)

    def deltas(self, row: int, which: Ints) -> Floats:
        spot, strike, years, volatility, call, rate = self._inputs(row, which)
        return option_greeks(spot, strike, years, volatility, call, rate=rate, dividend=self._terms.dividend).delta

    def _inputs(self, row: int, which: Ints) -> tuple[float, Floats, Floats, Floats, npt.NDArray[np.bool_], float]:
        spot, rate = float(self._spot[row]), float(self._rate[row])
        strike = self._contracts.strike[which]
        years = np.maximum(self._contracts.expiry_ms[which] - self._close_ms[row], 0) / YEAR_MS
        dividend = self._terms.dividend
        volatility = model_volatility(spot, strike, years, self._vix[row], rate=rate, dividend=dividend)
        return spot, strike, years, volatility, self._contracts.call[which], rate


class Chain(NamedTuple):
    """Quotes as quoted, ragged over T rows: `start[t]:start[t+1]` of `contract`, `bid` and `ask`.

    A NaN bid beside an ask is nobody bidding; a NaN ask is no quote."""

    start: Ints
    contract: Ints
    bid: Floats
    ask: Floats


class ChainQuotes:
    """Quotes of a chain. The mark is the middle, and delta that of the volatility it implies (`rate` a year)."""

    def __init__(self, panel: Panel, contracts: Contracts, terms: Terms, *, chain: Chain, rate: float = 0.0) -> None:
        self._spot, self._close_ms, self._rate = panel.close[:, 0], panel.close_ms, rate
        self._contracts, self._terms, self._chain = contracts, terms, chain

    @property
    def notes(self) -> tuple[Note, ...]:
        return (Note("options_quoted"),)

    def at(self, row: int, which: Ints) -> Quotes:
        part = slice(int(self._chain.start[row]), int(self._chain.start[row + 1]))
        found = {int(one): k for k, one in enumerate(self._chain.contract[part])}
        at = [found.get(int(one), -1) for one in which]
        bid, ask = (np.append(column[part], np.nan)[at] for column in (self._chain.bid, self._chain.ask))
        bid = np.where(np.isnan(bid) & np.isfinite(ask), 0.0, bid)
        return Quotes(bid, ask, 0.5 * (bid + ask))

    def deltas(self, row: int, which: Ints) -> Floats:
        spot, years = self._spot[row], (self._contracts.expiry_ms[which] - self._close_ms[row]) / YEAR_MS
        strike, call = self._contracts.strike[which], self._contracts.call[which]
        rate, dividend = self._rate, self._terms.dividend
        price = self.at(row, which).mark
        volatility = implied_volatility(price, spot, strike, years, call, rate=rate, dividend=dividend)
        # A price that is all intrinsic value implies no volatility, and its delta is that of the forward.
        volatility = np.where(np.isnan(volatility) & np.isfinite(price), 0.0, volatility)
        return option_greeks(spot, strike, years, volatility, call, rate=rate, dividend=dividend).delta
