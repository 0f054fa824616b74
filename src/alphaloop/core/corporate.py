"""What a company's ex-date does to money: exact cash, shares and rescaled prices, and the name of an adjustment."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum

from alphaloop.core.errors import InvalidError
from alphaloop.core.money import EXACT, ONE, ZERO

_MODE = re.compile(r"(none|forward|backward)(-sub)?(?:@(\d{4}-\d{2}-\d{2}))?", re.ASCII)


class Direction(StrEnum):
    """NONE as traded, FORWARD in today's prices (前复权), BACKWARD in the first bar's (后复权)."""

    NONE = "none"
    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How prices are adjusted on read. `as_of` pins a forward adjustment to a day; `subtract` takes the cash off
    instead of scaling. `key` names it in ids, URLs and legends: none, forward, forward-sub, forward@2024-06-30."""

    direction: Direction = Direction.NONE
    subtract: bool = False
    as_of: date | None = None

    @property
    def key(self) -> str:
        pinned = f"@{self.as_of.isoformat()}" if self.as_of else ""
        return f"{self.direction}{'-sub' if self.subtract else ''}{pinned}"


RAW = Adjustment()


def parse_adjustment(text: str) -> Adjustment:
    """The adjustment of that key, or InvalidError 'unknown_adjustment'."""
    found = _MODE.fullmatch(text)
    try:
        pinned = date.fromisoformat(found[3]) if found and found[3] else None
    except ValueError:
        found = None
    direction = Direction(found[1]) if found else Direction.NONE
    sub = bool(found and found[2])
    if found is None or (direction is Direction.NONE and sub) or (pinned and direction is not Direction.FORWARD):
        raise InvalidError(
            "An adjustment is none, forward, backward or forward@2024-06-30, with -sub for the subtractive formula.",
            code="unknown_adjustment",
            fields=(("adjust", "unknown_adjustment"),),
        )
    return Adjustment(direction, sub, pinned)


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """One ex-date, per share held at the close before it: `cash` paid, `bonus` shares given (a split of 1 into 3 is 2;
    a reverse split of 10 into 1 is -0.9), `rights` shares offered at `rights_price`. InvalidError when impossible."""

    ex_date: date
    cash: Decimal = ZERO
    bonus: Decimal = ZERO
    rights: Decimal = ZERO
    rights_price: Decimal = ZERO

    def __post_init__(self) -> None:
        terms = (self.cash, self.bonus, self.rights, self.rights_price)
        if not all(term.is_finite() for term in terms) or min(self.cash, self.rights, self.rights_price) < ZERO:
            raise _bad_action("a term is below zero")
        if self.bonus <= -ONE:
            raise _bad_action("no share is left")

    @property
    def shares(self) -> Decimal:
        """How many shares one share becomes when every right is taken up."""
        return EXACT.add(EXACT.add(ONE, self.bonus), self.rights)

    def reference_price(self, close: Decimal, *, tick: Decimal = ZERO) -> Decimal:
        """The price of the ex-date worth the same as `close` the day before, rounded half up to the tick (0: not).

        (close - cash + rights x rights_price) / (1 + bonus + rights), the exchanges' formula; it anchors the day's
        price limits. InvalidError when nothing is left of the price."""
        worth = EXACT.add(EXACT.subtract(close, self.cash), EXACT.multiply(self.rights, self.rights_price))
        price = EXACT.divide(worth, self.shares)
        if price <= 0:
            raise _bad_action("it leaves no price above zero")
        if tick == 0:
            return price
        return EXACT.multiply(EXACT.divide(price, tick).to_integral_value(ROUND_HALF_UP), tick)

    def cash_due(self, quantity: Decimal) -> Decimal:
        """Cash before tax for a position at the close before; below zero for a short one, which pays."""
        return EXACT.multiply(quantity, self.cash)

    def shares_due(self, quantity: Decimal, *, lot: Decimal = ONE) -> Decimal:
        """Shares that a position of `quantity` gains by bonus or split (loses, if below zero); a fraction of `lot` is
        not given. Rights are an offer and never booked by themselves."""
        gained = EXACT.multiply(abs(quantity), self.bonus)
        whole = EXACT.multiply(EXACT.divide(gained, lot).to_integral_value(ROUND_FLOOR), lot) if lot else gained
        return whole if quantity >= 0 else -whole

    def rescale(self, price: Decimal, *, close: Decimal, tick: Decimal = ZERO, by_ratio: bool = True) -> Decimal:
        """A price level of before (plan, stop, alert, drawing) in prices of after. `close` is the last one before.

        By ratio a level keeps its distance to the price in percent; otherwise the cash comes off it. A level that
        comes to nothing is an InvalidError: it is to be flagged, not moved."""
        if by_ratio:
            moved = EXACT.divide(EXACT.multiply(price, self.reference_price(close)), close)
        else:
            worth = EXACT.add(EXACT.subtract(price, self.cash), EXACT.multiply(self.rights, self.rights_price))
            moved = EXACT.divide(worth, self.shares)
        if moved <= 0:
            raise _bad_action("it leaves no price above zero")
        return moved if tick == 0 else EXACT.multiply(EXACT.divide(moved, tick).to_integral_value(ROUND_HALF_UP), tick)


def _bad_action(why: str) -> InvalidError:
    return InvalidError(f"The corporate action cannot be: {why}.", code="bad_corporate_action")
