"""Makes what tests trade with: people, accounts, instruments, bars, wishes, and a desk that joins them like the worker.

Everything here is the real thing over a real database; nothing is imitated.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import select

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.adapters.feeds.replay import ReplayStatus
from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.clock import Clock
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import EXACT, floor_step
from alphaloop.core.order import OrderSide, OrderType, VenueOrder
from alphaloop.engine.risk import Limits
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.market.models import InstrumentRow, Replay
from alphaloop.features.market.service import BarStore, find_instrument
from alphaloop.features.market.service.imports import book_series
from alphaloop.features.orders import service as orders
from alphaloop.features.orders.execution import CrashPoint, Execution
from alphaloop.features.orders.models import FillRow, OrderRow
from alphaloop.features.orders.service import NewOrderRequest
from alphaloop.features.positions import service as positions
from alphaloop.features.positions.models import EquityPoint, PositionRow
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.service import Ceiling
from alphaloop.features.users.rules import ROLES
from alphaloop.features.users.service.people import add_user
from alphaloop.features.users.service.roles import ensure_roles
from alphaloop.infra.db import Database
from alphaloop.infra.identity import Actor, ActorType

START_MS = 1_700_006_400_000  # 2023-11-15 00:00 UTC
STEP_MS = 1_800_000
_PRICES = ("open", "high", "low", "close", "volume")
CEILING = Ceiling(live_allowed=False, maximum=Limits())
GENEROUS = Limits(
    max_orders_per_minute=10_000,
    max_single_order_pct=Decimal(1),
    max_single_position_pct=Decimal(1),
    price_band_pct=Decimal(1),
)
"""Limits a person may set who wants nothing but money to stop an order."""

BTC = Instrument(
    symbol="BTC/USDT@binance",
    asset_class=AssetClass.CRYPTO,
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.001"),
    min_notional=Decimal(5),
    calendar="24x7",
)
ETH = replace(BTC, symbol="ETH/USDT@binance", base="ETH")
BTC_PERP = replace(
    BTC, symbol="BTC/USDT:USDT@binance", asset_class=AssetClass.PERPETUAL, base="BTC-PERP", can_short=True
)


def D(text: str | int) -> Decimal:  # noqa: N802  reads as a literal
    return Decimal(text)


def bar(
    n: int,
    *,
    open: str | int | Decimal,
    high: str | int | Decimal | None = None,
    low: str | int | Decimal | None = None,
    close: str | int | Decimal | None = None,
    volume: str | int = 1000,
    instrument: Instrument = BTC,
) -> Bar:
    """The n-th bar of a half-hour series; what is not said equals the nearest price that is."""
    opened = Decimal(open)
    closed = opened if close is None else Decimal(close)
    top = max(opened, closed) if high is None else Decimal(high)
    bottom = min(opened, closed) if low is None else Decimal(low)
    ts_ms = START_MS + n * STEP_MS
    return Bar(instrument.symbol, Timeframe.M30, ts_ms, ts_ms + STEP_MS, opened, top, bottom, closed, Decimal(volume))


def random_bars(
    count: int, *, seed: int, first: int = 0, price: int = 100, instrument: Instrument = BTC, swing: float = 0.03
) -> list[Bar]:
    """A seeded walk on the price grid whose bars contain their own open and close."""
    chance = random.Random(seed)
    tick, last, made = instrument.tick or Decimal("0.01"), Decimal(price), []
    for n in range(first, first + count):
        opened = last if chance.random() < 0.7 else _near(last, chance, swing, tick)
        closed = _near(opened, chance, swing, tick)
        high = max(opened, closed) + tick * chance.randint(0, 120)
        low = max(min(opened, closed) - tick * chance.randint(0, 120), tick)
        made.append(bar(n, open=opened, high=high, low=low, close=closed, instrument=instrument))
        last = closed
    return made


def _near(price: Decimal, chance: random.Random, swing: float, tick: Decimal) -> Decimal:
    moved = EXACT.multiply(price, Decimal(str(round(1 + chance.uniform(-swing, swing), 6))))
    return max(floor_step(moved, tick), tick)


def wish(
    side: OrderSide | str = OrderSide.BUY,
    quantity: str | int | Decimal = 1,
    type: OrderType | str = OrderType.MARKET,
    *,
    instrument: Instrument = BTC,
    **more: Any,
) -> NewOrderRequest:
    """A wish to trade; prices may be given as text."""
    prices: dict[str, Any] = {
        name: Decimal(more.pop(name))
        for name in ("price", "stop_price", "stop_loss", "take_profit")
        if more.get(name) is not None
    }
    return NewOrderRequest(instrument.symbol, OrderSide(side), OrderType(type), Decimal(quantity), **prices, **more)


def venue_wish(
    client_order_id: str,
    side: OrderSide | str = OrderSide.BUY,
    quantity: str | int | Decimal = 1,
    type: OrderType | str = OrderType.MARKET,
    *,
    instrument: Instrument = BTC,
    **more: Any,
) -> VenueOrder:
    prices: dict[str, Any] = {
        name: Decimal(more.pop(name)) for name in ("price", "stop_price") if more.get(name) is not None
    }
    return VenueOrder(
        client_order_id, instrument.symbol, OrderSide(side), OrderType(type), Decimal(quantity), **prices, **more
    )


async def add_person(db: Database, clock: Clock, username: str = "wren", *, role: str = "trader") -> Actor:
    """A person with a role, signed in as far as the services can tell."""
    async with db.write() as session:
        await ensure_roles(session)
        user = await add_user(session, clock=clock, username=username, password_hash="none", roles=frozenset({role}))
        return Actor(ActorType.USER, user_id=user.id, username=username, permissions=ROLES[role])


async def add_instrument(db: Database, clock: Clock, spec: Instrument = BTC) -> Instrument:
    async with db.write() as session:
        alias = spec.symbol.partition("@")[0].replace("/", "")
        session.add(
            InstrumentRow(
                symbol=spec.symbol,
                alias=alias,
                names={"zh": alias, "en": alias},
                search=alias.lower(),
                asset_class=spec.asset_class.value,
                base=spec.base,
                quote=spec.quote,
                tick=spec.tick,
                lot=spec.lot,
                min_notional=spec.min_notional,
                calendar=spec.calendar,
                can_short=spec.can_short,
                market=spec.market,
                board=spec.board,
                listed=spec.listed,
                created_at=clock.now(),
            )
        )
    return spec


async def add_account(
    db: Database, clock: Clock, actor: Actor, *, cash: str | int = 10_000, on_replay: bool = True
) -> Account:
    """A paper account on the clock of a replay that stands still, where orders wait for the next bar."""
    async with db.write() as session:
        replay = Replay(
            user_id=actor.person,
            account_id=None,
            instrument=BTC.symbol,
            timeframe=Timeframe.M30.value,
            first_ts=START_MS,
            start_ts=START_MS,
            cursor_ts=START_MS,
            last_ts=START_MS + 10_000 * STEP_MS,
            bars_done=0,
            bars_total=10_000,
            speed=1.0,
            status=ReplayStatus.PAUSED,
            version=1,
            created_at=clock.now(),
        )
        if on_replay:
            session.add(replay)
            await session.flush()
        return await accounts.open_paper_account(
            session,
            actor,
            clock=clock,
            name="desk",
            quote_asset="USDT",
            cash=Decimal(cash),
            replay_id=replay.id if on_replay else None,
        )


@dataclass
class Desk:
    """One person, one account, one venue, and the steps of a turn without strategies."""

    db: Database
    clock: Clock
    actor: Actor
    account: Account
    venue: Any
    execution: Execution
    instruments: tuple[Instrument, ...] = (BTC,)

    async def submit(self, request: NewOrderRequest, *, ceiling: Ceiling = CEILING) -> OrderRow:
        async with self.db.write() as session:
            return await orders.submit(session, self.actor, self.account, request, ceiling=ceiling, clock=self.clock)

    async def try_submit(self, request: NewOrderRequest) -> orders.Submission:
        async with self.db.write() as session:
            done = await orders.submit_many(
                session, self.actor, self.account, [request], ceiling=CEILING, clock=self.clock
            )
            return done[0]

    async def cancel(self, order_id: int) -> OrderRow:
        async with self.db.write() as session:
            return await orders.cancel_order(session, self.actor, order_id, clock=self.clock)

    async def mark(self, closed: Bar) -> positions.Worth:
        async with self.db.write() as session:
            return await positions.mark(session, self.account, closed, clock=self.clock)

    async def now_ms(self) -> int:
        async with self.db.read() as session:
            return await positions.account_time_ms(session, self.account, self.clock)

    async def work(self) -> None:
        await self.execution.work(self.account, now_ms=await self.now_ms())

    async def turn(self, closed: Bar) -> positions.Worth:
        """One bar in the worker's order: match, book, mark, send."""
        await self.venue.on_bar(self.account.id, closed)
        await self.execution.book(self.account)
        worth = await self.mark(closed)
        await self.execution.work(self.account, now_ms=closed.close_ms)
        return worth

    async def orders(self) -> list[OrderRow]:
        async with self.db.read() as session:
            return list(
                await session.scalars(
                    select(OrderRow).where(OrderRow.account_id == self.account.id).order_by(OrderRow.id)
                )
            )

    async def order(self, order_id: int) -> OrderRow:
        return next(row for row in await self.orders() if row.id == order_id)

    async def fills(self) -> list[FillRow]:
        async with self.db.read() as session:
            return list(
                await session.scalars(select(FillRow).where(FillRow.account_id == self.account.id).order_by(FillRow.id))
            )

    async def position(self, instrument: Instrument = BTC) -> PositionRow | None:
        async with self.db.read() as session:
            return await positions.find_position(session, self.account.id, instrument.symbol)

    async def worth(self) -> positions.Worth:
        async with self.db.read() as session:
            return await positions.worth(session, self.account)

    async def balances(self) -> dict[str, ledger.Balance]:
        async with self.db.read() as session:
            return await ledger.balances(session, ledger.ACCOUNT, self.account.id)

    async def equity_points(self) -> list[EquityPoint]:
        async with self.db.read() as session:
            return await positions.equity_curve(session, self.account.id)

    async def violations(self) -> list[str]:
        """Everything the ledger's checker and the venue's own book find wrong."""
        async with self.db.read() as session:
            problems = await find_violations(session)
        ours = {asset: one.total for asset, one in (await self.balances()).items() if one.total != 0}
        theirs = {asset: total for asset, total in (await self.venue.balances(self.account.id)).items() if total != 0}
        if ours != theirs:
            problems.append(f"the venue holds {theirs}, the ledger says {ours}")
        return problems

    async def set_limits(self, limits: Limits = GENEROUS) -> None:
        async with self.db.write() as session:
            await risk.write_config(session, self.actor, limits, clock=self.clock)


async def open_desk(
    db: Database,
    clock: Clock,
    *,
    cash: str | int = 10_000,
    instruments: Sequence[Instrument] = (BTC,),
    limits: Limits | None = GENEROUS,
    marks: Sequence[Bar] | None = None,
    crash_point: CrashPoint | None = None,
) -> Desk:
    """A desk whose account has seen one bar of each instrument at 100, so that orders have a price to be held at."""
    actor = await add_person(db, clock)
    for spec in instruments:
        await add_instrument(db, clock, spec)
    account = await add_account(db, clock, actor, cash=cash)
    venue = PaperVenue(db, clock)
    desk = Desk(db, clock, actor, account, venue, make_execution(db, clock, venue, crash_point), tuple(instruments))
    await open_at_venue(desk)
    if limits is not None:
        await desk.set_limits(limits)
    for seen in marks if marks is not None else [bar(0, open=100, instrument=spec) for spec in instruments]:
        await desk.mark(seen)
    return desk


async def open_at_venue(desk: Desk) -> None:
    for spec in desk.instruments:
        desk.venue.list_instrument(spec)
    await desk.venue.open_account(
        desk.account.id,
        quote_asset=desk.account.quote_asset,
        cash=desk.account.opening_cash,
        fee_rate=desk.account.fee_rate,
        slippage_bps=desk.account.slippage_bps,
    )


def make_execution(db: Database, clock: Clock, venue: Any, crash_point: CrashPoint | None = None) -> Execution:
    if crash_point is None:
        return Execution(db, clock, {"paper": venue})
    return Execution(db, clock, {"paper": venue}, crash_point=crash_point)


async def add_series(
    db: Database, clock: Clock, store: BarStore, spec: Instrument, table: BarTable, timeframe: Timeframe = Timeframe.M30
) -> None:
    """An instrument and a stored series of it, as an import would leave them."""
    await add_instrument(db, clock, spec)
    store.append(spec.symbol, timeframe, table)
    async with db.write() as session:
        row = await find_instrument(session, spec.symbol)
        await book_series(session, store, row, timeframe, at=clock.now())


def table_of(bars: Sequence[Bar], *, price_decimals: int = 2) -> BarTable:
    """Bars as the store keeps them."""
    columns = {name: np.array([float(getattr(one, name)) for one in bars]) for name in _PRICES}
    ts = np.array([one.ts_ms for one in bars], dtype=np.int64)
    return BarTable.of({"ts": ts, **columns}, price_decimals=price_decimals, volume_decimals=3)
