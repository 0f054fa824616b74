"""The exact matcher behind the paper venue: what a venue would have filled, had it seen only these bars.

What happens inside one bar, in this order (`simulate` keeps the same one):

1. At the open: market orders and stops touched on an earlier bar, in the order of acceptance.
2. Still at the open: stops beyond which the bar opened, then limits that the open already satisfies; they get the open.
3. Inside the bar: touched stops, nearest to the open first, each at its stop price.
4. Inside the bar: touched limits that reduce a position held before step 3, nearest first, each at its limit.
5. Inside the bar: other touched limits, nearest first, each at its limit.
6. The worst is assumed for what steps 3 to 5 opened: a protective stop that the bar touched fills, a take does not.

Market orders and stops pay slippage, limits never fill worse than their price. A stop-limit becomes a limit once
touched; where its limit asks for a better price than its stop, it waits for the next bar. When one order of an OCO
group fills, even in part, or its stop is touched, the others of the group are cancelled.

The market's rules bind every step: on a one-price bar at its limit nobody takes the other side, no price leaves the
limits, what was bought today may not be sold where shares settle later, and a partial fill is itself whole lots. Limits
that the bar itself does not keep bind nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from alphaloop.core.bar import Bar
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE, ZERO
from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder
from alphaloop.engine.day_rules import Band, DayRules
from alphaloop.engine.slippage import slipped


@dataclass(slots=True)
class Working:
    """One accepted order, plain enough to be stored and read back. `trades` counts its fills so far, `traded` and
    `notional` are what they came to.

    `touched` is True once the stop price was reached: a STOP is then a market order, a STOP_LIMIT a limit.
    """

    order: VenueOrder
    venue_order_id: str
    seq: int
    accepted_ms: int
    remaining: Decimal
    touched: bool = False
    trades: int = 0
    traded: Decimal = ZERO
    notional: Decimal = ZERO


class Closed(NamedTuple):
    """An order that left the book: FILLED, or CANCELLED with the reason ('oco', 'nothing_to_reduce', 'requested').

    `remaining` is what it had not traded by then.
    """

    client_order_id: str
    status: OrderStatus
    reason: str
    ts_ms: int
    remaining: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class TradingDay:
    """What holds in a session: the rules, its price limits (None: none), how much of the position may be sold (None:
    all of it), the signed position itself, and what was bought in this session.
    """

    rules: DayRules
    band: Band | None = None
    sellable: Decimal | None = None
    position: Decimal = ZERO
    bought: Decimal = ZERO


class Outcome(NamedTuple):
    """What one bar did, each in the order in which it happened; `position` is the signed quantity afterwards."""

    fills: list[Fill]
    closed: list[Closed]
    position: Decimal


class Matcher:
    """Working orders of one account in one instrument. All its state is `working` and `next_seq`.

    `fee_rate` is a fraction of notional, `slippage_bps` basis points against market orders and stops, `volume_limit`
    the share of a bar's volume that all orders together may take (None: no limit).
    """

    def __init__(
        self,
        instrument: Instrument,
        *,
        fee_rate: Decimal = ZERO,
        slippage_bps: Decimal = ZERO,
        volume_limit: Decimal | None = None,
        working: Iterable[Working] = (),
    ) -> None:
        if not (ZERO <= fee_rate < ONE and ZERO <= slippage_bps < Decimal(10_000)):
            raise InvalidError("Fee and slippage must be shares below the whole price.", code="bad_venue_terms")
        if volume_limit is not None and not ZERO < volume_limit <= ONE:
            raise InvalidError("The volume limit is a share above 0 and up to 1.", code="bad_venue_terms")
        self.instrument = instrument
        self.fee_rate = fee_rate
        self.slippage_bps = slippage_bps
        self.volume_limit = volume_limit
        self.unruled = DayRules("", "").of(instrument)
        self.working: list[Working] = sorted(working, key=lambda held: held.seq)
        self.next_seq = self.working[-1].seq + 1 if self.working else 0

    def accept(
        self,
        order: VenueOrder,
        ts_ms: int,
        *,
        venue_order_id: str | None = None,
        rules: DayRules | None = None,
        position: Decimal = ZERO,
    ) -> Working | str:
        """Take an order into the book, or say why not by a stable code; a refused order leaves no trace.

        An order accepted at `ts_ms` trades from the first bar that opens at or after it.
        """
        refusal = refuse(order, self.instrument, rules=rules, held=position)
        if refusal is None and any(held.order.client_order_id == order.client_order_id for held in self.working):
            refusal = "duplicate_order"
        if refusal is not None:
            return refusal
        held = Working(
            order=order,
            venue_order_id=venue_order_id or f"P-{order.client_order_id}",
            seq=self.next_seq,
            accepted_ms=ts_ms,
            remaining=order.quantity,
        )
        self.next_seq += 1
        self.working.append(held)
        return held

    def cancel(self, client_order_id: str, ts_ms: int) -> Closed | None:
        """Take an order out of the book; None when it is not there (already filled, cancelled or never known)."""
        for held in self.working:
            if held.order.client_order_id == client_order_id:
                self.working.remove(held)
                return Closed(client_order_id, OrderStatus.CANCELLED, "requested", ts_ms, held.remaining)
        return None

    def on_bar(self, bar: Bar, *, position: Decimal, day: TradingDay | None = None) -> Outcome:
        """Match every working order against one closed bar; `position` is the signed quantity held before it.

        Without `day` only the instrument's own grid binds.
        """
        return _Turn(self, bar, position, day or TradingDay(self.unruled)).run()

    def on_action(self, action: CorporateAction) -> None:
        """Restate working orders in prices of after an ex-date; what only reduces follows the shares as well."""
        tick = self.instrument.tick
        for held in self.working:
            order = held.order
            more = action.shares_due(held.remaining) if order.reduce_only else ZERO
            held.order = replace(
                order,
                quantity=EXACT.add(order.quantity, more),
                price=_after(action, order.price, tick),
                stop_price=_after(action, order.stop_price, tick),
            )
            held.remaining = EXACT.add(held.remaining, more)


def refuse(
    order: VenueOrder, instrument: Instrument, *, rules: DayRules | None = None, held: Decimal = ZERO
) -> str | None:
    """Why a venue would not take this order as it stands, or None: form and grids, not money.

    `rules` are the day's (None: the instrument's own grid), `held` is the signed position. The minimum notional binds
    only where the order states a price, and never an order that reduces.
    """
    if order.instrument != instrument.symbol:
        return "wrong_instrument"
    if order.type.has_price != (order.price is not None) or order.type.has_stop_price != (order.stop_price is not None):
        return "bad_prices"
    if not order.quantity.is_finite() or order.quantity <= 0:
        return "bad_quantity"
    rules = rules or DayRules("", "").of(instrument)
    if not order.reduce_only and not rules.fits(order.side, order.quantity, held):
        return "off_lot"
    for price in (order.price, order.stop_price):
        if price is None:
            continue
        if not price.is_finite() or price <= 0:
            return "bad_prices"
        if not rules.price_on_grid(price):
            return "off_tick"
    stated = order.price or order.stop_price
    if stated is None or order.reduce_only or EXACT.multiply(stated, order.quantity) >= instrument.min_notional:
        return None
    return "below_min_notional"


def _after(action: CorporateAction, price: Decimal | None, tick: Decimal) -> Decimal | None:
    return None if price is None else action.rescale(price, close=price, tick=tick, by_ratio=False)


class _Turn:
    """One bar's matching: the volume that is left, what has happened so far, and the position as it moves."""

    def __init__(self, matcher: Matcher, bar: Bar, position: Decimal, day: TradingDay) -> None:
        self.matcher = matcher
        self.bar = bar
        self.position = position
        self.rules, self.sellable = day.rules, day.sellable
        # A bar outside its limits shows that their reference is not the one we know: nobody can say them then.
        kept = day.band is not None and day.band.down <= bar.low and bar.high <= day.band.up
        self.band = day.band if kept else None
        self.fills: list[Fill] = []
        self.closed: list[Closed] = []
        self.alive = {held.seq for held in matcher.working}
        self.touched_inside: set[int] = set()
        limit = matcher.volume_limit
        self.room = None if limit is None else EXACT.multiply(limit, bar.volume)

    def run(self) -> Outcome:
        book = [held for held in self.matcher.working if held.accepted_ms <= self.bar.ts_ms]
        self._at_open(book)
        self._inside(book)
        return Outcome(self.fills, self.closed, self.position)

    def _at_open(self, book: list[Working]) -> None:
        opened = self.bar.open
        for held in book:
            if _is_market(held):
                self._fill(held, opened, self.bar.ts_ms, slips=True)
        for held in book:
            if _waits_for_stop(held) and _beyond(held.order.side, opened, _stop(held)) and held.seq in self.alive:
                self._touch(held, opened, self.bar.ts_ms)
        for held in book:
            if _is_limit(held) and _satisfied(held.order.side, opened, _limit(held)):
                self._fill(held, opened, self.bar.ts_ms, slips=False)

    def _inside(self, book: list[Working]) -> None:
        before = self.position
        for held in self._nearest(book, stops=True):
            self._touch_inside(held)
        reducing = [held for held in book if self._reduces(held, before)]
        for held in self._nearest(reducing, stops=False):
            self._fill(held, self._limit_inside(held), self.bar.close_ms, slips=False)
        others = [held for held in book if held not in reducing and not held.order.reduce_only]
        for held in self._nearest(others, stops=False):
            self._fill(held, self._limit_inside(held), self.bar.close_ms, slips=False)
        # Whatever was opened inside the bar may have met its stop afterwards; assume that it did.
        protecting = [held for held in book if held.order.reduce_only]
        for held in self._nearest(protecting, stops=True):
            self._touch_inside(held)

    def _limit_inside(self, held: Working) -> Decimal:
        """The limit itself; for one that only woke up inside the bar and lies outside it, the bar's worst price."""
        if held.order.side is OrderSide.BUY:
            return min(_limit(held), self.bar.high)
        return max(_limit(held), self.bar.low)

    def _nearest(self, book: list[Working], *, stops: bool) -> list[Working]:
        """Orders of one kind that the bar's range touches, nearest to the open first, then by acceptance."""
        found = []
        for held in book:
            if stops and _waits_for_stop(held) and held.seq in self.alive and self._can_act(held):
                level = _stop(held)
                touched = _beyond(held.order.side, self._extreme(held.order.side), level)
            elif not stops and _is_limit(held) and held.seq not in self.touched_inside:
                level = _limit(held)
                touched = _satisfied(held.order.side, self._extreme(held.order.side.opposite), level)
            else:
                continue
            if touched:
                found.append((abs(level - self.bar.open), held.seq, held))
        return [held for _, _, held in sorted(found, key=lambda row: row[:2])]

    def _extreme(self, side: OrderSide) -> Decimal:
        """The bar's price farthest in the direction in which a stop of this side waits."""
        return self.bar.high if side is OrderSide.BUY else self.bar.low

    def _touch_inside(self, held: Working) -> None:
        # Whether a stop-limit's better limit came before or after its stop nobody knows: it waits for the next bar.
        self.touched_inside.add(held.seq)
        # What only woke up inside the bar may have been passed by the open already; it gets the worse of the two.
        worse = max if held.order.side is OrderSide.BUY else min
        self._touch(held, worse(_stop(held), self.bar.open), self.bar.close_ms)

    def _touch(self, held: Working, price: Decimal, ts_ms: int) -> None:
        """A stop price was reached at `price`: a STOP trades now, a STOP_LIMIT becomes a limit."""
        if held.seq not in self.alive or not self._can_act(held):
            return
        held.touched = True
        self._cancel_rest(held, ts_ms)
        if held.order.type is OrderType.STOP or _satisfied(held.order.side, price, _limit(held)):
            self._fill(held, price, ts_ms, slips=True)

    def _fill(self, held: Working, price: Decimal, ts_ms: int, *, slips: bool) -> None:
        if held.seq not in self.alive:
            return
        order = held.order
        quantity = held.remaining
        if order.reduce_only:
            reducible = self._reducible(order.side)
            if reducible == 0:
                if _is_market(held):
                    self._close(held, OrderStatus.CANCELLED, "nothing_to_reduce", ts_ms)
                return
            quantity = min(quantity, reducible)
        quantity = self._tradable(order.side, quantity)
        if quantity <= 0:
            return
        self._book(held, quantity, self._price(held, price, slips=slips), ts_ms)
        if held.remaining == 0:
            self._close(held, OrderStatus.FILLED, "", ts_ms)
        elif order.reduce_only and self._reducible(order.side) == 0:
            self._close(held, OrderStatus.CANCELLED, "nothing_to_reduce", ts_ms)
        self._cancel_rest(held, ts_ms)

    def _tradable(self, side: OrderSide, quantity: Decimal) -> Decimal:
        """The part of it that trades in this bar: nothing on a locked board, only settled shares, whole lots."""
        if self.band is not None:
            up_locked = side is OrderSide.BUY and self.bar.low >= self.band.up
            if up_locked or (side is OrderSide.SELL and self.bar.high <= self.band.down):
                return ZERO
        selling = side is OrderSide.SELL and self.position > 0
        most = quantity if self.room is None else min(quantity, self.room)
        if selling and self.sellable is not None:
            most = min(most, self.sellable)
        if most == quantity:
            return quantity
        closing = selling and quantity <= self.position
        return self.rules.floor_sale(most, self.position) if closing else self.rules.floor_quantity(most)

    def _price(self, held: Working, price: Decimal, *, slips: bool) -> Decimal:
        if not slips:
            return self._within(price)
        side = held.order.side
        paid = self._within(slipped(price, side, self.matcher.slippage_bps, tick=self.rules.tick_at(price)))
        if held.order.price is None:
            return paid
        return min(paid, held.order.price) if side is OrderSide.BUY else max(paid, held.order.price)

    def _within(self, price: Decimal) -> Decimal:
        return price if self.band is None else min(max(price, self.band.down), self.band.up)

    def _fee(self, held: Working, quantity: Decimal, price: Decimal) -> Decimal:
        """What the order owes with this fill less what it owed before, so that a minimum counts once an order."""
        side, rate = held.order.side, self.matcher.fee_rate
        before = self.rules.fee(side, quantity=held.traded, notional=held.notional, broker_rate=rate)
        held.notional = EXACT.add(held.notional, EXACT.multiply(quantity, price))
        held.traded = EXACT.add(held.traded, quantity)
        after = self.rules.fee(side, quantity=held.traded, notional=held.notional, broker_rate=rate)
        return EXACT.subtract(after, before)

    def _book(self, held: Working, quantity: Decimal, price: Decimal, ts_ms: int) -> None:
        order = held.order
        held.trades += 1
        fee = self._fee(held, quantity, price)
        held.remaining = EXACT.subtract(held.remaining, quantity)
        self.position = EXACT.add(self.position, quantity * order.side.sign)
        if self.room is not None:
            self.room = EXACT.subtract(self.room, quantity)
        if self.sellable is not None and order.side is OrderSide.SELL:
            self.sellable = EXACT.subtract(self.sellable, quantity)
        self.fills.append(
            Fill(
                trade_id=f"{order.client_order_id}-{held.trades}",
                client_order_id=order.client_order_id,
                venue_order_id=held.venue_order_id,
                instrument=order.instrument,
                side=order.side,
                quantity=quantity,
                price=price,
                fee=fee,
                fee_asset=self.matcher.instrument.quote,
                ts_ms=ts_ms,
            )
        )

    def _cancel_rest(self, held: Working, ts_ms: int) -> None:
        group = held.order.oco_group
        if group is None:
            return
        for other in [one for one in self.matcher.working if one is not held and one.order.oco_group == group]:
            self._close(other, OrderStatus.CANCELLED, "oco", ts_ms)

    def _close(self, held: Working, status: OrderStatus, reason: str, ts_ms: int) -> None:
        self.matcher.working = [one for one in self.matcher.working if one is not held]
        self.alive.discard(held.seq)
        self.closed.append(Closed(held.order.client_order_id, status, reason, ts_ms, held.remaining))

    def _can_act(self, held: Working) -> bool:
        """A reduce-only stop sleeps while there is nothing to reduce, so that it can be placed with its entry."""
        return not held.order.reduce_only or self._reducible(held.order.side) > 0

    def _reducible(self, side: OrderSide) -> Decimal:
        return max(ZERO, self.position * -side.sign)

    def _reduces(self, held: Working, position: Decimal) -> bool:
        return held.order.reduce_only and position * held.order.side.sign < 0


def _is_market(held: Working) -> bool:
    return held.order.type is OrderType.MARKET or (held.order.type is OrderType.STOP and held.touched)


def _is_limit(held: Working) -> bool:
    return held.order.type is OrderType.LIMIT or (held.order.type is OrderType.STOP_LIMIT and held.touched)


def _waits_for_stop(held: Working) -> bool:
    return held.order.type.has_stop_price and not held.touched


def _stop(held: Working) -> Decimal:
    price = held.order.stop_price
    if price is None:
        raise InvalidError("A stop order has no stop price.", code="bad_prices")
    return price


def _limit(held: Working) -> Decimal:
    price = held.order.price
    if price is None:
        raise InvalidError("A limit order has no price.", code="bad_prices")
    return price


def _beyond(side: OrderSide, price: Decimal, stop: Decimal) -> bool:
    """Whether a price sets off a stop: at or above it for a buy, at or below it for a sell."""
    return price >= stop if side is OrderSide.BUY else price <= stop


def _satisfied(side: OrderSide, price: Decimal, limit: Decimal) -> bool:
    """Whether a limit order may trade at this price."""
    return price <= limit if side is OrderSide.BUY else price >= limit
