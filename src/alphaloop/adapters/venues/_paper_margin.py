"""Margin at the paper venue: what may still be opened, and what the adverse mark of a bar takes over."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select

from alphaloop.adapters.venues._paper_tables import PaperAccount, PaperDay, PaperOrder, PaperPosition
from alphaloop.core.bar import Bar
from alphaloop.core.fill import FORCED_PREFIX, Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE, ZERO
from alphaloop.core.order import OrderSide
from alphaloop.engine.day_rules import DayRules
from alphaloop.engine.margin import Liquidation, Mark, liquidate, wallet_behind
from alphaloop.engine.market_rules import rules_on
from alphaloop.engine.matching import Matcher, Working
from alphaloop.infra.db import ReadSession


class Elsewhere:
    """The account's other positions at their last closes: `value`, and `bound`, the initial margin they take."""

    def __init__(self, value: Decimal, bound: Decimal) -> None:
        self.value = value
        self.bound = bound


async def positions_elsewhere(
    session: ReadSession, account: PaperAccount, instruments: Mapping[str, Instrument], *, but: str
) -> Elsewhere:
    """What every position outside the instrument `but` is worth and binds."""
    value = bound = ZERO
    rows = await session.execute(
        select(PaperPosition.instrument, PaperPosition.quantity, PaperDay.close, PaperDay.day)
        .join(
            PaperDay,
            (PaperDay.account_id == PaperPosition.account_id) & (PaperDay.instrument == PaperPosition.instrument),
        )
        .where(PaperPosition.account_id == account.account_id, PaperPosition.instrument != but)
    )
    for row in rows:
        instrument = instruments.get(row.instrument)
        if row.quantity == 0 or row.close is None or row.day is None or instrument is None:
            continue
        worth = EXACT.multiply(row.quantity, row.close)
        share = rules_on(instrument, row.day).initial_share(account.leverage)
        value = EXACT.add(value, worth)
        bound = EXACT.add(bound, EXACT.multiply(abs(worth), share))
    return Elsewhere(value, bound)


def free_margin(
    account: PaperAccount, elsewhere: Elsewhere, *, quantity: Decimal, price: Decimal, share: Decimal
) -> Decimal:
    """Equity that no position binds, with this instrument's own `quantity` valued at `price`."""
    own = EXACT.multiply(EXACT.subtract(quantity, EXACT.multiply(abs(quantity), share)), price)
    return EXACT.add(EXACT.add(account.cash, EXACT.subtract(elsewhere.value, elsewhere.bound)), own)


def opening_part(side: OrderSide, quantity: Decimal, position: Decimal) -> Decimal:
    """The part of an order that would not close anything."""
    return max(EXACT.subtract(quantity, max(ZERO, EXACT.multiply(position, -side.sign))), ZERO)


def margin_promised(rows: Sequence[PaperOrder], position: Decimal, share: Decimal) -> Decimal:
    """Initial margin that working orders with a stated price may still take in this instrument."""
    total = ZERO
    for row in rows:
        stated = row.price or row.stop_price
        if stated is not None and not row.reduce_only:
            opening = opening_part(OrderSide(row.side), row.remaining, position)
            total = EXACT.add(total, EXACT.multiply(EXACT.multiply(opening, stated), share))
    return total


def cap_to_margin(
    matcher: Matcher, bar: Bar, rules: DayRules, *, free: Decimal, position: Decimal, share: Decimal
) -> dict[str, Decimal]:
    """Cut unpriced orders that this bar may fill to what free margin opens; client_order_id -> quantity cut off.

    `free` is the free margin at the bar's open. An order cut to nothing leaves the book.
    """
    cut: dict[str, Decimal] = {}
    for held in list(matcher.working):
        order = held.order
        if order.reduce_only or order.price is not None or held.accepted_ms > bar.ts_ms:
            continue
        price = _worst_price(held, bar, matcher)
        closing = EXACT.subtract(held.remaining, opening_part(order.side, held.remaining, position))
        opening = EXACT.subtract(held.remaining, closing)
        left = EXACT.add(position, closing * order.side.sign)
        rate = rules.fee_rate(order.side, price, matcher.fee_rate)
        # What closes returns its margin, less the fee of closing.
        released = EXACT.multiply(EXACT.multiply(EXACT.subtract(abs(position), abs(left)), price), share)
        room = EXACT.subtract(EXACT.add(free, released), EXACT.multiply(EXACT.multiply(closing, price), rate))
        most = rules.floor_quantity(EXACT.divide(max(room, ZERO), EXACT.multiply(price, EXACT.add(share, rate))))
        if opening > most:
            cut[order.client_order_id] = EXACT.subtract(opening, most)
            held.remaining = EXACT.add(closing, most)
        if held.remaining <= 0:
            matcher.working.remove(held)
    return cut


def _worst_price(held: Working, bar: Bar, matcher: Matcher) -> Decimal:
    stop, side = held.order.stop_price, held.order.side
    if stop is None or held.touched:
        level = bar.open
    else:
        level = max(bar.open, stop) if side is OrderSide.BUY else min(bar.open, stop)
    return EXACT.multiply(level, ONE + EXACT.divide(matcher.slippage_bps, Decimal(10_000)) * side.sign)


def find_liquidation(
    account: PaperAccount,
    position: PaperPosition,
    matcher: Matcher,
    rules: DayRules,
    mark: Mark,
    *,
    others: Decimal,
) -> Liquidation | None:
    """What the bar's mark does to the position, the nearest working stop considered."""
    if position.quantity == 0:
        return None
    share = rules.initial_share(account.leverage)
    wallet = wallet_behind(
        position.quantity,
        position.average,
        cash=account.cash,
        others=others,
        share=share,
        isolated=account.isolated,
    )
    exit_side = OrderSide.SELL if position.quantity > 0 else OrderSide.BUY
    stops = [
        held.order.stop_price
        for held in matcher.working
        if held.order.reduce_only and held.order.side is exit_side and held.order.stop_price is not None
    ]
    nearest = (max(stops) if exit_side is OrderSide.SELL else min(stops)) if stops else None
    return liquidate(position.quantity, wallet, rules, mark, stop=nearest)


def forced_fill(position: PaperPosition, instrument: Instrument, found: Liquidation, bar: Bar) -> Fill:
    """The fill of a liquidation; its id names the account, the instrument and the bar."""
    name = f"{FORCED_PREFIX}{position.id}-{bar.ts_ms // 1000}"
    return Fill(
        trade_id=name,
        client_order_id=name,
        venue_order_id=name,
        instrument=instrument.symbol,
        side=OrderSide.SELL if position.quantity > 0 else OrderSide.BUY,
        quantity=abs(position.quantity),
        price=found.price,
        fee=found.fee,
        fee_asset=instrument.quote,
        ts_ms=bar.close_ms,
    )
