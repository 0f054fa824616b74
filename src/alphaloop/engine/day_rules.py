"""What holds for one board on one day, and the questions everybody who trades asks of it, in exact decimals."""

from dataclasses import dataclass, replace
from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE, ZERO, floor_step, on_grid, stored
from alphaloop.core.order import OrderSide
from alphaloop.engine.fees import Charge

Table = tuple[tuple[Decimal, ...], ...]


@dataclass(frozen=True, slots=True)
class Lot:
    """Smallest order and the step above it; None: the instrument's own lot. `fractional`: a step brokers may allow."""

    minimum: Decimal | None = None
    step: Decimal | None = None
    maximum: Decimal | None = None
    fractional: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """Rows of (price from, tick), ascending; empty: the instrument's own tick."""

    table: Table = ()


class Band(NamedTuple):
    """Lowest and highest price of a session."""

    down: Decimal
    up: Decimal


@dataclass(frozen=True, slots=True)
class Limit:
    """How far a price may go from the reference, as shares; none in an instrument's `first_sessions`."""

    up: Decimal
    down: Decimal
    first_sessions: int = 0

    def band(self, reference: Decimal, tick: Decimal) -> Band:
        """Limits rounded half up to the tick, and at least one tick away from the reference."""
        up = round_half_up(EXACT.multiply(reference, ONE + self.up), tick)
        down = round_half_up(EXACT.multiply(reference, ONE - self.down), tick)
        return Band(max(min(down, reference - tick), tick), max(up, reference + tick))


@dataclass(frozen=True, slots=True)
class Settlement:
    """Sessions after which what was bought may be sold (0: at once)."""

    sell_after_sessions: int = 0


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the day outside continuous trading, in local time; `cancel`: whether orders may be withdrawn."""

    name: str
    start: time
    end: time
    cancel: bool = True


@dataclass(frozen=True, slots=True)
class Cage:
    """In continuous trading a limit is at most `share` or `ticks`, whichever is more, beyond the price seen."""

    share: Decimal
    ticks: int = 0


@dataclass(frozen=True, slots=True)
class Margin:
    """Shares of notional: to open, to keep, and the fee of a liquidation."""

    initial: Decimal
    maintenance: Decimal
    liquidation_fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Bracket:
    """From `floor` notional on: maintenance = notional x rate - deduction, opened with at most `leverage`."""

    floor: Decimal
    rate: Decimal
    deduction: Decimal
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class Funding:
    """Longs pay shorts mark x quantity x rate every `hours`, counted from 00:00 UTC."""

    hours: int


@dataclass(frozen=True, slots=True)
class Roll:
    """A position leaves the old contract so many sessions before its last one."""

    sessions_before: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should be told where it applies; `below_equity` is the threshold, in quote units."""

    code: str
    below_equity: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DayRules:
    """The rules of one board on one day. `market` is '' for an instrument without a market."""

    market: str
    board: str
    money_step: Decimal = ZERO
    lot: Lot = Lot()
    tick: Tick = Tick()
    limit: Limit | None = None
    settlement: Settlement = Settlement()
    cage: Cage | None = None
    margin: Margin | None = None
    funding: Funding | None = None
    roll: Roll | None = None
    charges: tuple[Charge, ...] = ()
    phases: tuple[Phase, ...] = ()
    notices: tuple[Notice, ...] = ()
    brackets: tuple[Bracket, ...] = ()

    def of(self, instrument: Instrument) -> "DayRules":
        """The same with what only the instrument knows: its own lot and tick where the market states none."""
        lot, tick = self.lot, self.tick
        if lot.step is None:
            lot = replace(lot, minimum=instrument.lot, step=instrument.lot)
        if not tick.table:
            tick = Tick(((ZERO, instrument.tick),))
        return replace(self, lot=lot, tick=tick)

    def in_fractions(self) -> "DayRules":
        """The same for an account whose broker trades parts of a share, where the market knows such a step."""
        step = self.lot.fractional
        return self if step is None else replace(self, lot=replace(self.lot, minimum=step, step=step))

    # --- prices -------------------------------------------------------------------------------------------------

    def tick_at(self, price: Decimal) -> Decimal:
        """The price grid around `price`; 0 means none."""
        found = self.tick.table[0][1] if self.tick.table else ZERO
        for start, tick in self.tick.table:
            if price >= start:
                found = tick
        return found

    def price_on_grid(self, price: Decimal) -> bool:
        return on_grid(price, self.tick_at(price))

    def band(self, reference: Decimal | None) -> Band | None:
        """Price limits of a session from its ex-rights reference price; None without limits or without a reference."""
        if self.limit is None or reference is None:
            return None
        return self.limit.band(reference, self.tick_at(reference))

    def cage_band(self, seen: Decimal) -> Band | None:
        """The worst limit prices (sell, buy) in continuous trading around the price seen."""
        if self.cage is None:
            return None
        reach = max(EXACT.multiply(seen, self.cage.share), self.cage.ticks * self.tick_at(seen))
        return Band(seen - reach, seen + reach)

    def phase_at(self, clock: time) -> Phase | None:
        """The part of the day outside continuous trading that a local time falls into."""
        return next((one for one in self.phases if one.start <= clock < one.end), None)

    # --- quantities ---------------------------------------------------------------------------------------------

    def floor_quantity(self, quantity: Decimal) -> Decimal:
        """The largest order quantity not above `quantity`; 0 where even the smallest order is larger."""
        least, step = self.lot.minimum or ZERO, self.lot.step or ZERO
        if quantity < least or quantity <= 0:
            return ZERO
        if least == step:
            return floor_step(quantity, step)
        return EXACT.add(least, floor_step(EXACT.subtract(quantity, least), step))

    def floor_sale(self, quantity: Decimal, held: Decimal) -> Decimal:
        """The largest part of `held` that may be sold at once, not above `quantity`: an odd remainder goes whole."""
        if quantity >= held:
            return max(held, ZERO)
        odd = EXACT.subtract(held, self.floor_quantity(held))
        with_odd = EXACT.add(odd, self.floor_quantity(EXACT.subtract(quantity, odd))) if 0 < odd <= quantity else ZERO
        return max(self.floor_quantity(quantity), with_odd)

    def fits(self, side: OrderSide, quantity: Decimal, held: Decimal) -> bool:
        """Whether an order of that quantity may be placed while `held` (signed) is there."""
        if self.lot.maximum is not None and quantity > self.lot.maximum:
            return False
        if side is OrderSide.SELL and 0 < quantity <= held:
            return self.floor_sale(quantity, held) == quantity
        return self.floor_quantity(quantity) == quantity

    # --- fees ---------------------------------------------------------------------------------------------------

    def all_charges(self, broker_rate: Decimal) -> list[Charge]:
        """Every charge of the day, the broker's own at the account's rate."""
        brokers = [one for one in self.charges if one.broker] or [Charge("commission", ZERO, broker=True)]
        own = [replace(one, rate=broker_rate) for one in brokers]
        return [*own, *(one for one in self.charges if not one.broker)]

    def levied(self, side: OrderSide, broker_rate: Decimal) -> list[Charge]:
        """What this side pays."""
        return [one for one in self.all_charges(broker_rate) if one.falls_on(side)]

    def fee(self, side: OrderSide, *, quantity: Decimal, notional: Decimal, broker_rate: Decimal) -> Decimal:
        """All fees, in quote units, of an order that has traded `quantity` for `notional` so far."""
        total = ZERO
        for charge in self.levied(side, broker_rate):
            total = EXACT.add(total, charge.amount(quantity, notional, self.money_step))
        return stored(total)

    def fee_rate(self, side: OrderSide, price: Decimal, broker_rate: Decimal) -> Decimal:
        """Fees as a share of notional, minimums and rounding apart."""
        total = ZERO
        for charge in self.levied(side, broker_rate):
            if charge.per == "notional":
                total = EXACT.add(total, charge.rate)
            elif charge.per == "unit" and price > 0:
                total = EXACT.add(total, EXACT.divide(charge.rate, price))
        return total

    def fee_floor(self, side: OrderSide, broker_rate: Decimal) -> Decimal:
        """What minimums and rounding may add to the rate: an upper bound in quote units."""
        total = ZERO
        for charge in self.levied(side, broker_rate):
            if charge.rate > 0:
                step = self.money_step if charge.step is None else charge.step
                per_order = charge.rate if charge.per == "order" else ZERO
                total = EXACT.add(total, EXACT.add(EXACT.add(charge.minimum, step), per_order))
        return total

    def cost(self, side: OrderSide, quantity: Decimal, price: Decimal, broker_rate: Decimal) -> Decimal:
        """Notional plus fees of a whole order at one price."""
        notional = EXACT.multiply(quantity, price)
        return EXACT.add(notional, self.fee(side, quantity=quantity, notional=notional, broker_rate=broker_rate))

    def affordable(self, cash: Decimal, price: Decimal, broker_rate: Decimal) -> Decimal:
        """The quantity, on the lot, that this cash buys with all fees; at most one step less than the very largest."""
        if cash <= 0 or price <= 0:
            return ZERO
        unit = EXACT.multiply(price, ONE + self.fee_rate(OrderSide.BUY, price, broker_rate))
        most = self.floor_quantity(EXACT.divide(cash, unit))
        if self.cost(OrderSide.BUY, most, price, broker_rate) <= cash:
            return most
        left = EXACT.subtract(cash, self.fee_floor(OrderSide.BUY, broker_rate))
        return self.floor_quantity(EXACT.divide(left, unit)) if left > 0 else ZERO

    # --- margin -------------------------------------------------------------------------------------------------

    def initial_share(self, leverage: Decimal) -> Decimal:
        """The share of notional that opening takes at the leverage chosen, never less than the market's own; 1 where
        nothing is bought on margin."""
        if self.margin is None or leverage <= 0:
            return ONE
        return max(self.margin.initial, EXACT.divide(ONE, leverage))

    def maintenance_rows(self) -> Table:
        """(floor, rate, deduction) by notional, ascending; the flat rate where there are no brackets."""
        if self.brackets:
            return tuple((one.floor, one.rate, one.deduction) for one in self.brackets)
        return () if self.margin is None else ((ZERO, self.margin.maintenance, ZERO),)


NO_MARKET = DayRules("", "")
"""What binds an instrument without a market: nothing but fees at the broker's rate."""


def round_half_up(value: Decimal, tick: Decimal) -> Decimal:
    """To the nearest tick, halves upwards, as exchanges round their limits; tick 0 leaves it."""
    if tick == 0:
        return value
    return EXACT.multiply(EXACT.divide(value, tick).to_integral_value(ROUND_HALF_UP), tick)
