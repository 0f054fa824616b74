"""Fills into the round trips people talk about: from flat to flat, by average cost."""

from dataclasses import dataclass

from alphaloop.engine.panel import Panel
from alphaloop.engine.simulate import Fills


@dataclass(frozen=True, slots=True)
class Trade:
    """One closed round trip. `side` is that of its entry; prices are averages; `pnl` is net of both sides' fees."""

    instrument: str
    entry_row: int
    exit_row: int
    side: str
    quantity: float
    entry_price: float
    exit_price: float
    fees: float
    pnl: float


@dataclass(slots=True)
class _Open:
    """A round trip under way: signed quantity still held, and sums over what came in and went out."""

    entry_row: int
    held: float = 0.0
    entered: float = 0.0
    paid: float = 0.0
    left: float = 0.0
    received: float = 0.0
    fees: float = 0.0


def round_trips(fills: Fills, panel: Panel) -> tuple[Trade, ...]:
    """Closed trades in the order of their exits. A fill that crosses zero ends one and begins the next.

    What is still open at the end is not a trade yet.
    """
    running: dict[int, _Open] = {}
    closed: list[Trade] = []
    for row, column, quantity, price, fee in zip(
        fills.row.tolist(),
        fills.column.tolist(),
        fills.quantity.tolist(),
        fills.price.tolist(),
        fills.fee.tolist(),
        strict=True,
    ):
        rest = quantity
        trip = running.get(column)
        if trip is not None and trip.held * quantity < 0:
            part = min(abs(trip.held), abs(quantity))
            trip.left += part
            trip.received += part * price
            trip.fees += fee * part / abs(quantity)
            # Sums of partial fills may miss zero by rounding; less than that is nothing.
            remains = abs(trip.held) - part
            trip.held = 0.0 if remains <= 1e-9 * trip.entered else remains * (1 if trip.held > 0 else -1)
            over = abs(quantity) - part
            rest = 0.0 if over <= 1e-9 * abs(quantity) else over * (1 if quantity > 0 else -1)
            if trip.held == 0.0:
                closed.append(_finish(trip, panel.names[column], row, long=quantity < 0))
                del running[column]
        if rest != 0.0:
            trip = running.setdefault(column, _Open(row))
            trip.held += rest
            trip.entered += abs(rest)
            trip.paid += abs(rest) * price
            trip.fees += fee * abs(rest) / abs(quantity)
    return tuple(closed)


def _finish(trip: _Open, name: str, row: int, *, long: bool) -> Trade:
    gain = trip.received - trip.paid if long else trip.paid - trip.received
    return Trade(
        instrument=name,
        entry_row=trip.entry_row,
        exit_row=row,
        side="BUY" if long else "SELL",
        quantity=trip.entered,
        entry_price=trip.paid / trip.entered,
        exit_price=trip.received / trip.left,
        fees=trip.fees,
        pnl=gain - trip.fees,
    )
