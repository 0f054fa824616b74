"""Position arithmetic against a slow model in fractions: average cost, crossing zero, fees and round trips."""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.money import EXACT
from alphaloop.core.position import Position
from alphaloop.core.signal import Direction
from alphaloop.features.positions.rules import ClosedTrip, Trip, move

FILLS = st.lists(
    st.tuples(
        st.integers(-5, 5).filter(bool),  # signed quantity in lots of 0.1
        st.integers(1, 2000),  # price in cents
        st.integers(0, 50),  # fee in cents
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class Slow:
    """One lot at a time, in exact fractions: opens while flat or on the same side, closes at average cost otherwise."""

    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    trips: list[Fraction] = field(default_factory=list)
    trip_cash: Fraction = Fraction(0)

    def fill(self, signed: Fraction, price: Fraction, fee: Fraction) -> None:
        self.fees += fee
        left, sign = abs(signed), 1 if signed > 0 else -1
        while left:
            closing = self.quantity * sign < 0
            part = min(left, abs(self.quantity)) if closing else left
            share = fee * part / abs(signed)
            if closing:
                average = self.cost / abs(self.quantity)
                self.realised += (price - average) * part * (1 if self.quantity > 0 else -1)
                self.cost -= average * part
            else:
                self.cost += price * part
            self.trip_cash += -sign * price * part - share
            self.quantity += sign * part
            left -= part
            if self.quantity == 0:
                self.trips.append(self.trip_cash)
                self.trip_cash = Fraction(0)


def run(fills: list[tuple[int, int, int]]) -> tuple[Position, Trip, list[ClosedTrip], Slow]:
    position, trip, closed, slow = Position(), Trip(), [], Slow()
    for n, (lots, cents, fee_cents) in enumerate(fills):
        signed, price, fee = Decimal(lots) / 10, Decimal(cents) / 100, Decimal(fee_cents) / 100
        position, trip, ended = move(position, trip, signed=signed, price=price, fee=fee, ts_ms=n)
        slow.fill(Fraction(signed), Fraction(price), Fraction(fee))
        if ended is not None:
            closed.append(ended)
    return position, trip, closed, slow


def close_to(found: Decimal, wanted: Fraction) -> bool:
    """Equal up to the rounding at 18 places that storing between fills does."""
    return abs(Fraction(found) - wanted) < Fraction(1, 10**14)


@given(FILLS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_positions_agree_with_fractions(fills: list[tuple[int, int, int]]) -> None:
    position, _, closed, slow = run(fills)
    assert Fraction(position.quantity) == slow.quantity
    assert Fraction(position.fees) == slow.fees
    assert close_to(position.realised, slow.realised)
    average = slow.cost / abs(slow.quantity) if slow.quantity else Fraction(0)
    assert close_to(position.average_price, average)
    assert len(closed) == len(slow.trips)
    assert all(close_to(one.realised, wanted) for one, wanted in zip(closed, slow.trips, strict=True))


@given(FILLS, st.integers(1, 3000))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_profit_is_what_came_in_less_what_went_out(fills: list[tuple[int, int, int]], mark_cents: int) -> None:
    """Realised + unrealised = cash flow + value of what is held, whatever the order of fills."""
    position, _, _, _ = run(fills)
    mark = Decimal(mark_cents) / 100
    cash = sum((Fraction(-lots, 10) * Fraction(cents, 100) for lots, cents, _ in fills), Fraction(0))
    profit = EXACT.add(position.realised, position.unrealised(mark))
    assert close_to(profit, cash + Fraction(position.market_value(mark)))


def test_adding_moves_the_average_and_reducing_does_not() -> None:
    position, _, closed, _ = run([(10, 10_000, 0), (10, 12_000, 0), (-5, 20_000, 0)])
    assert (position.quantity, position.average_price) == (Decimal("1.5"), Decimal(110))
    assert position.realised == 45
    assert closed == []


def test_a_fill_that_crosses_zero_ends_one_trip_and_begins_the_next() -> None:
    position, trip, closed, _ = run([(10, 10_000, 10), (-30, 11_000, 30)])
    assert (position.quantity, position.average_price) == (Decimal(-2), Decimal(110))
    (ended,) = closed
    assert (ended.direction, ended.quantity, ended.exit_price) == (Direction.LONG, Decimal(1), Decimal(110))
    assert ended.fees == Decimal("0.20")
    assert ended.realised == Decimal("9.80")
    assert (trip.entry_quantity, trip.entry_value, trip.fees) == (Decimal(2), Decimal(220), Decimal("0.20"))
    assert trip.opened_ms == 1


def test_a_short_earns_when_the_price_falls() -> None:
    position, _, (ended,), _ = run([(-10, 10_000, 0), (10, 9_000, 0)])
    assert (position.quantity, position.realised) == (Decimal(0), Decimal(10))
    assert (ended.direction, ended.realised) == (Direction.SHORT, Decimal(10))
