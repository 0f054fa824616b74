"""The paper venue: a venue of our own with its own book, in its own tables and its own transactions.

It knows nothing of the platform's orders, positions or ledger, so that a crash in between shows just as it would
with a real exchange.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from sqlalchemy import insert, select, update

from alphaloop.adapters.venues._paper_events import (
    end_worthless,
    find_funding,
    pay_action,
    restate_orders,
    take_funding,
)
from alphaloop.adapters.venues._paper_margin import (
    cap_to_margin,
    find_liquidation,
    forced_fill,
    free_margin,
    margin_promised,
    opening_part,
    positions_elsewhere,
)
from alphaloop.adapters.venues._paper_tables import (
    PaperAccount,
    PaperDay,
    PaperFill,
    PaperFunding,
    PaperOrder,
    PaperPosition,
    fill_values,
    order_state,
    order_values,
    read_fill,
    venue_order_id,
    working_order,
)
from alphaloop.adapters.venues.contract import Answer, Placed, Settled, VenueOrderState
from alphaloop.core.bar import Bar
from alphaloop.core.clock import Clock
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ONE, ZERO, stored
from alphaloop.core.order import OrderSide, OrderStatus, VenueOrder
from alphaloop.core.position import Position, apply_fill
from alphaloop.engine.day_rules import NO_MARKET, DayRules
from alphaloop.engine.day_state import DayState, day_of, has_memory, order_day, price_band
from alphaloop.engine.margin import Mark
from alphaloop.engine.matching import Closed, Matcher, TradingDay, Working
from alphaloop.engine.slippage import slipped
from alphaloop.infra.db import Database, ReadSession, WriteSession

__all__ = ["PaperAccount", "PaperDay", "PaperFill", "PaperFunding", "PaperOrder", "PaperPosition", "PaperVenue"]

Cost = Callable[[PaperOrder, Decimal, Decimal], Decimal]
"""What a quantity of an order costs at a price, with fees."""


async def _open_rows(session: ReadSession, account_id: int, instrument: str | None = None) -> list[PaperOrder]:
    query = select(PaperOrder).where(
        PaperOrder.account_id == account_id, PaperOrder.status.in_((OrderStatus.LIVE, OrderStatus.PARTIAL))
    )
    if instrument is not None:
        query = query.where(PaperOrder.instrument == instrument)
    return list(await session.scalars(query.order_by(PaperOrder.seq)))


class PaperVenue:
    """TradePort and ReadPort over paper tables; `on_bar` is the market."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._instruments: dict[str, Instrument] = {}
        # Books known to hold no open order: only this process places orders, so nobody else can fill them.
        self._empty: set[tuple[int, str]] = set()

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument tradable here; orders in any other are refused."""
        self._instruments[instrument.symbol] = instrument

    async def open_account(
        self,
        account_id: int,
        *,
        quote_asset: str,
        cash: Decimal,
        fee_rate: Decimal,
        slippage_bps: Decimal,
        leverage: Decimal = ONE,
        isolated: bool = False,
        fractional: bool = False,
    ) -> None:
        """Open the account with that cash; an account that is open already is left as it is."""
        async with self._db.read() as reader:
            if await reader.get(PaperAccount, account_id) is not None:
                return
        async with self._db.write() as session:
            if await session.get(PaperAccount, account_id) is None:
                await session.execute(
                    insert(PaperAccount).values(
                        account_id=account_id,
                        quote_asset=quote_asset,
                        cash=cash,
                        fee_rate=fee_rate,
                        slippage_bps=slippage_bps,
                        leverage=leverage,
                        isolated=isolated,
                        fractional=fractional,
                        opened_at=self._clock.now(),
                    )
                )

    async def place(self, account_id: int, order: VenueOrder, *, ts_ms: int) -> Placed:
        self._empty.discard((account_id, order.instrument))
        async with self._db.write() as session:
            # The lock comes first: whoever waits for it sees the order that the one before has placed.
            account = await session.get(PaperAccount, account_id, with_for_update=True)
            known = await session.scalar(
                select(PaperOrder).where(
                    PaperOrder.account_id == account_id, PaperOrder.client_order_id == order.client_order_id
                )
            )
            if known is not None:
                return Placed(Answer.ACCEPTED, venue_order_id(known.seq))
            instrument = self._instruments.get(order.instrument)
            if account is None or instrument is None or instrument.quote != account.quote_asset:
                return Placed(Answer.REFUSED, code="not_tradable_here")
            day = order_day(instrument, ts_ms)
            state = await self._state(session, account_id, instrument, day)
            held = await self._position(session, account_id, instrument.symbol)
            today = self._today(account, instrument, state, held.quantity if held else ZERO)
            matcher = self._matcher(account, instrument, ())
            accepted = matcher.accept(order, ts_ms, rules=today.rules, position=today.position)
            if isinstance(accepted, str):
                return Placed(Answer.REFUSED, code=accepted)
            refusal = _refuse_price(instrument, order, state) or await self._refuse_money(
                session, account, instrument, order, today=today, state=state
            )
            if refusal:
                return Placed(Answer.REFUSED, code=refusal)
            added = await session.execute(insert(PaperOrder).values(order_values(account_id, accepted)))
            return Placed(Answer.ACCEPTED, venue_order_id(int(added.inserted_primary_key[0])))  # type: ignore[attr-defined]

    async def _refuse_money(
        self,
        session: ReadSession,
        account: PaperAccount,
        instrument: Instrument,
        order: VenueOrder,
        *,
        today: TradingDay,
        state: DayState,
    ) -> str:
        """Cash for priced buys and quantity for sells must be there; reduce-only orders are capped when they fill."""
        if order.reduce_only:
            return ""
        stated = order.price or order.stop_price
        if today.rules.initial_share(account.leverage) < 1:
            return await self._refuse_margin(session, account, instrument, order, today=today, state=state)
        if order.side is OrderSide.BUY:
            cost = self._cost(account, today.rules, instrument)
            committed = _committed(await _open_rows(session, account.account_id), cost)
            needed = ZERO if stated is None else today.rules.cost(order.side, order.quantity, stated, account.fee_rate)
            return "insufficient_cash" if EXACT.add(committed, needed) > account.cash else ""
        if instrument.can_short:
            return ""
        selling = ZERO
        for row in await _open_rows(session, account.account_id, instrument.symbol):
            if row.side == OrderSide.SELL and not row.reduce_only:
                selling = EXACT.add(selling, row.remaining)
        available = EXACT.subtract(today.position, selling)
        if order.quantity > available:
            return "insufficient_quantity"
        settled = today.sellable
        return "bought_today" if settled is not None and order.quantity > EXACT.subtract(settled, selling) else ""

    async def _refuse_margin(
        self,
        session: ReadSession,
        account: PaperAccount,
        instrument: Instrument,
        order: VenueOrder,
        *,
        today: TradingDay,
        state: DayState,
    ) -> str:
        """Initial margin and fee of what a priced order opens must be free; unpriced ones are cut when they fill."""
        stated = order.price or order.stop_price
        if stated is None:
            return ""
        share = today.rules.initial_share(account.leverage)
        rows = await _open_rows(session, account.account_id, instrument.symbol)
        elsewhere = await positions_elsewhere(session, account, self._instruments, but=instrument.symbol)
        price = state.close if state.close is not None else stated
        free = free_margin(account, elsewhere, quantity=today.position, price=price, share=share)
        free = EXACT.subtract(free, margin_promised(rows, today.position, share))
        opening = EXACT.multiply(opening_part(order.side, order.quantity, today.position), stated)
        notional = EXACT.multiply(order.quantity, stated)
        fee = today.rules.fee(order.side, quantity=order.quantity, notional=notional, broker_rate=account.fee_rate)
        return "insufficient_margin" if EXACT.add(EXACT.multiply(opening, share), fee) > free else ""

    def _cost(self, account: PaperAccount, rules: DayRules, instrument: Instrument) -> Cost:
        """What orders cost: by the day's rules in this instrument, elsewhere by the broker's rate alone."""

        def cost(row: PaperOrder, quantity: Decimal, price: Decimal) -> Decimal:
            held = rules if row.instrument == instrument.symbol else NO_MARKET
            return held.cost(OrderSide.BUY, quantity, price, account.fee_rate)

        return cost

    async def _day(self, session: ReadSession, account_id: int, instrument: str) -> PaperDay | None:
        found: PaperDay | None = await session.scalar(
            select(PaperDay).where(PaperDay.account_id == account_id, PaperDay.instrument == instrument)
        )
        return found

    async def _state(self, session: ReadSession, account_id: int, instrument: Instrument, day: date) -> DayState:
        """The account's day in an instrument as it stands on `day`."""
        row = await self._day(session, account_id, instrument.symbol) if has_memory(instrument, day) else None
        return (row.state() if row else DayState()).enter(day)

    async def cancel(self, account_id: int, client_order_id: str, *, ts_ms: int) -> Answer:
        async with self._db.write() as session:
            done = await session.execute(
                update(PaperOrder)
                .where(
                    PaperOrder.account_id == account_id,
                    PaperOrder.client_order_id == client_order_id,
                    PaperOrder.status.in_((OrderStatus.LIVE, OrderStatus.PARTIAL)),
                )
                .values(status=OrderStatus.CANCELLED, reason="requested")
            )
            return Answer.ACCEPTED if getattr(done, "rowcount", 0) == 1 else Answer.REFUSED

    async def on_bar(self, account_id: int, bar: Bar, *, mark: Mark | None = None) -> bool:
        """Match the account's orders in that instrument against a closed bar; whether anything changed.

        `mark` is the exchange's mark price over the bar, which liquidations go by (None: the bar's own prices).
        A bar at or before the last one matched changes nothing, so that a repeated turn cannot trade twice.
        """
        instrument = self._instruments[bar.instrument]
        remembers = has_memory(instrument, day_of(instrument, bar.ts_ms))
        if not remembers:
            if (account_id, bar.instrument) in self._empty:
                return False
            async with self._db.read() as reader:
                if not await _open_rows(reader, account_id, bar.instrument):
                    self._empty.add((account_id, bar.instrument))
                    return False
        async with self._db.write() as session:
            account = await session.get(PaperAccount, account_id, with_for_update=True)
            if account is None:
                return False
            day = await self._open_day(session, account_id, instrument, bar) if remembers else None
            if remembers and day is None:
                return False
            state = (day.state() if day else DayState()).enter(day_of(instrument, bar.ts_ms))
            fills, changed = await self._match(session, account, instrument, bar, state, mark)
            if day is not None:
                day.keep(state.after(bar, fills))
            return changed

    async def _open_day(
        self, session: WriteSession, account_id: int, instrument: Instrument, bar: Bar
    ) -> PaperDay | None:
        """The account's day in that instrument, made if new; None when this bar has been seen."""
        day = await self._day(session, account_id, instrument.symbol)
        day = day or self._first_day(session, account_id, instrument)
        if day.seen_ms >= bar.ts_ms:
            return None
        day.seen_ms = bar.ts_ms
        return day

    def _first_day(self, session: WriteSession, account_id: int, instrument: Instrument) -> PaperDay:
        day = PaperDay(account_id=account_id, instrument=instrument.symbol, bought=ZERO, seen_ms=-1)
        session.add(day)
        return day

    async def _match(
        self,
        session: WriteSession,
        account: PaperAccount,
        instrument: Instrument,
        bar: Bar,
        state: DayState,
        mark: Mark | None,
    ) -> tuple[list[Fill], bool]:
        """(what traded, whether any order changed)."""
        account_id = account.account_id
        rows = await _open_rows(session, account_id, bar.instrument)
        position = await self._position(session, account_id, bar.instrument)
        if position is not None and position.last_bar_ms >= bar.ts_ms:
            return [], False
        today = self._today(account, instrument, state, position.quantity if position else ZERO)
        margined = today.rules.initial_share(account.leverage) < 1
        if not rows and not (margined and position is not None and position.quantity != 0):
            return [], False
        if position is None:
            position = self._flat(account_id, instrument)
            session.add(position)
            await session.flush()
        matcher = self._matcher(account, instrument, [working_order(row, instrument) for row in rows])
        if margined:
            fills, closed, cut = await self._trade_on_margin(
                session, account, position, matcher, bar, today, mark or Mark(bar.open, bar.low, bar.high)
            )
        else:
            cost = self._cost(account, today.rules, instrument)
            elsewhere = _committed(await _open_rows(session, account_id), cost, but=bar.instrument)
            cut = _cap_to_cash(matcher, EXACT.subtract(account.cash, elsewhere), bar, today.rules)
            outcome = matcher.on_bar(bar, position=position.quantity, day=today)
            fills, closed = outcome.fills, outcome.closed
            _book(account, position, fills)
        _save(rows, matcher, closed, cut)
        if not instrument.can_short:
            _drop_uncovered(rows, position.quantity)
        if fills:
            await session.execute(insert(PaperFill), [fill_values(account_id, fill) for fill in fills])
        position.last_bar_ms = bar.ts_ms
        return fills, bool(fills or closed or cut)

    async def _trade_on_margin(
        self,
        session: WriteSession,
        account: PaperAccount,
        position: PaperPosition,
        matcher: Matcher,
        bar: Bar,
        today: TradingDay,
        mark: Mark,
    ) -> tuple[list[Fill], list[Closed], dict[str, Decimal]]:
        """One bar on margin: what trades at the open, then the adverse mark, then what trades inside the bar."""
        share = today.rules.initial_share(account.leverage)
        elsewhere = await positions_elsewhere(session, account, self._instruments, but=bar.instrument)
        free = free_margin(account, elsewhere, quantity=position.quantity, price=bar.open, share=share)
        cut = cap_to_margin(matcher, bar, today.rules, free=free, position=position.quantity, share=share)
        opened = matcher.on_bar(
            replace(bar, high=bar.open, low=bar.open, close=bar.open), position=position.quantity, day=today
        )
        _book(account, position, opened.fills)
        taken = find_liquidation(account, position, matcher, today.rules, mark, others=elsewhere.value)
        if taken is not None:
            forced = forced_fill(position, matcher.instrument, taken, bar)
            _book(account, position, [forced])
            ended = [
                Closed(held.order.client_order_id, OrderStatus.CANCELLED, "liquidated", bar.close_ms, held.remaining)
                for held in matcher.working
            ]
            matcher.working = []
            return [*opened.fills, forced], [*opened.closed, *ended], cut
        inside = matcher.on_bar(bar, position=position.quantity, day=today)
        _book(account, position, inside.fills)
        return [*opened.fills, *inside.fills], [*opened.closed, *inside.closed], cut

    def _today(self, account: PaperAccount, instrument: Instrument, state: DayState, position: Decimal) -> TradingDay:
        today = state.trading_day(instrument, position)
        return replace(today, rules=today.rules.in_fractions()) if account.fractional else today

    async def settle_funding(
        self, account_id: int, symbol: str, *, rate: Decimal, mark: Decimal, ts_ms: int
    ) -> Settled | None:
        """Take or pay funding on what is held at a settlement, before that time's bar; None where nothing was held.

        Asked again it says what was settled then, whatever has traded since.
        """
        async with self._db.write() as session:
            account = await session.get(PaperAccount, account_id, with_for_update=True)
            known = await find_funding(session, account_id, symbol, ts_ms)
            position = await self._position(session, account_id, symbol)
            if known is not None or account is None or position is None:
                return known
            return await take_funding(session, account, position, rate=rate, mark=mark, ts_ms=ts_ms)

    async def on_action(self, account_id: int, symbol: str, action: CorporateAction) -> bool:
        """Book an ex-date before its first bar: cash and shares of what is held, working orders in new prices.

        Whether it was booked now; one that lies at or before the last one booked changes nothing.
        """
        instrument = self._instruments[symbol]
        async with self._db.write() as session:
            account = await session.get(PaperAccount, account_id, with_for_update=True)
            day = await self._day(session, account_id, symbol)
            if account is None or (day is not None and day.ex_date is not None and action.ex_date <= day.ex_date):
                return False
            # Where no rule needs a memory from day to day, the ex-date itself is the first thing to remember.
            day = day or self._first_day(session, account_id, instrument)
            day.ex_date = action.ex_date
            day.keep(day.state().passed(instrument, action))
            position = await self._position(session, account_id, symbol)
            if position is not None:
                pay_action(account, position, action)
            open_rows = await _open_rows(session, account_id, symbol)
            rows = [row for row in open_rows if not end_worthless(row, action, instrument)]
            matcher = self._matcher(account, instrument, [working_order(row, instrument) for row in rows])
            restate_orders(rows, matcher, action)
            return True

    def _flat(self, account_id: int, instrument: Instrument) -> PaperPosition:
        return PaperPosition(
            account_id=account_id,
            instrument=instrument.symbol,
            base_asset=instrument.base,
            quantity=ZERO,
            average=ZERO,
            last_bar_ms=0,
        )

    def _matcher(self, account: PaperAccount, instrument: Instrument, working: Sequence[Working]) -> Matcher:
        return Matcher(instrument, fee_rate=account.fee_rate, slippage_bps=account.slippage_bps, working=working)

    async def _position(self, session: ReadSession, account_id: int, instrument: str) -> PaperPosition | None:
        found: PaperPosition | None = await session.scalar(
            select(PaperPosition).where(PaperPosition.account_id == account_id, PaperPosition.instrument == instrument)
        )
        return found

    async def find_order(self, account_id: int, client_order_id: str) -> VenueOrderState | None:
        states = await self.order_states(account_id, [client_order_id])
        return states[0] if states else None

    async def order_states(self, account_id: int, client_order_ids: list[str]) -> list[VenueOrderState]:
        async with self._db.read() as session:
            rows = await session.scalars(
                select(PaperOrder)
                .where(PaperOrder.account_id == account_id, PaperOrder.client_order_id.in_(client_order_ids))
                .order_by(PaperOrder.seq)
            )
            return [order_state(row) for row in rows]

    async def fills_after(self, account_id: int, position: int) -> list[tuple[int, Fill]]:
        async with self._db.read() as session:
            rows = await session.scalars(
                select(PaperFill)
                .where(PaperFill.account_id == account_id, PaperFill.position > position)
                .order_by(PaperFill.position)
            )
            return [(row.position, read_fill(row)) for row in rows]

    async def balances(self, account_id: int) -> dict[str, Decimal]:
        async with self._db.read() as session:
            account = await session.get(PaperAccount, account_id)
            if account is None:
                return {}
            totals = {account.quote_asset: account.cash}
            held = await session.scalars(select(PaperPosition).where(PaperPosition.account_id == account_id))
            for row in held:
                totals[row.base_asset] = EXACT.add(totals.get(row.base_asset, ZERO), row.quantity)
            return totals


def _book(account: PaperAccount, position: PaperPosition, fills: Sequence[Fill]) -> None:
    """Money and quantity of what traded."""
    state = Position(position.quantity, position.average)
    for fill in fills:
        paid = EXACT.multiply(EXACT.multiply(fill.quantity, fill.price), fill.side.sign)
        account.cash = EXACT.subtract(EXACT.subtract(account.cash, paid), fill.fee)
        state = apply_fill(state, side=fill.side, quantity=fill.quantity, price=fill.price, fee=ZERO)
    position.quantity, position.average = state.quantity, stored(state.average_price)


def _refuse_price(instrument: Instrument, order: VenueOrder, state: DayState) -> str:
    """A stated price outside the day's limits is not taken; reduce-only orders may wait for a day that allows them."""
    assert state.day is not None
    band = price_band(instrument, state.day, state.reference)
    if band is None or order.reduce_only:
        return ""
    outside = any(price is not None and not band.down <= price <= band.up for price in (order.price, order.stop_price))
    return "price_limit" if outside else ""


def _committed(rows: Sequence[PaperOrder], cost: Cost, *, but: str | None = None) -> Decimal:
    """Cash that working buys with a stated price may still take, outside the instrument `but`."""
    total = ZERO
    for row in rows:
        stated = row.price or row.stop_price
        if row.side == OrderSide.BUY and stated is not None and not row.reduce_only and row.instrument != but:
            total = EXACT.add(total, cost(row, row.remaining, stated))
    return total


def _cap_to_cash(matcher: Matcher, cash: Decimal, bar: Bar, rules: DayRules) -> dict[str, Decimal]:
    """Cut unpriced buys that this bar may fill to what the cash buys; client_order_id -> quantity cut off.

    Limits were covered when they were accepted and keep their share whatever came first. Market orders are cut at the
    open, stops at the worse of open and stop. An order cut to nothing leaves the book.
    """
    cut: dict[str, Decimal] = {}
    left, unpriced = cash, []
    for held in matcher.working:
        order = held.order
        if order.side is not OrderSide.BUY or order.reduce_only:
            continue
        if order.price is not None:
            left = EXACT.subtract(left, rules.cost(order.side, held.remaining, order.price, matcher.fee_rate))
        elif held.accepted_ms <= bar.ts_ms and (
            order.stop_price is None or held.touched or bar.high >= order.stop_price
        ):
            unpriced.append(held)
    for held in unpriced:
        price = _worst_price(held, bar, matcher, rules)
        if rules.cost(OrderSide.BUY, held.remaining, price, matcher.fee_rate) > left:
            affordable = min(rules.affordable(left, price, matcher.fee_rate), held.remaining)
            if affordable < held.remaining:
                cut[held.order.client_order_id] = EXACT.subtract(held.remaining, affordable)
                held.remaining = affordable
        if held.remaining <= 0:
            matcher.working.remove(held)
        left = EXACT.subtract(left, rules.cost(OrderSide.BUY, held.remaining, price, matcher.fee_rate))
    return cut


def _worst_price(held: Working, bar: Bar, matcher: Matcher, rules: DayRules) -> Decimal:
    order = held.order
    level = bar.open if order.stop_price is None else max(bar.open, order.stop_price)
    return slipped(level, OrderSide.BUY, matcher.slippage_bps, tick=rules.tick_at(level))


def _drop_uncovered(rows: Sequence[PaperOrder], position: Decimal) -> None:
    """A stop may have sold what a waiting sell was covered by when it was accepted; such a sell ends."""
    left = position
    for row in rows:
        if row.side != OrderSide.SELL or row.reduce_only or OrderStatus(row.status).terminal:
            continue
        if row.remaining > left:
            row.status, row.reason = OrderStatus.EXPIRED, "insufficient_quantity"
        else:
            left = EXACT.subtract(left, row.remaining)


def _save(rows: list[PaperOrder], matcher: Matcher, closed: list[Closed], cut: dict[str, Decimal]) -> None:
    """Write the book back: an order cut for lack of cash ends EXPIRED once the rest of it has traded."""
    standing = {held.order.client_order_id: held for held in matcher.working}
    ended = {one.client_order_id: one for one in closed}
    for row in rows:
        short = cut.get(row.client_order_id, ZERO)
        held = standing.get(row.client_order_id)
        end = ended.get(row.client_order_id)
        if held is not None:
            row.remaining, row.touched, row.trades = EXACT.add(held.remaining, short), held.touched, held.trades
            row.notional = held.notional
            row.status = OrderStatus.PARTIAL if held.trades else OrderStatus.LIVE
        elif end is not None and (not short or end.status is not OrderStatus.FILLED):
            row.status, row.reason = end.status, end.reason
            row.remaining = EXACT.add(end.remaining, short)
        else:
            row.status, row.reason = OrderStatus.EXPIRED, "insufficient_cash"
            row.remaining = short
