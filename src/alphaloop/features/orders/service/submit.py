"""Turning a wish into a durable order: checked, reserved, counted and announced in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.exc import IntegrityError

from alphaloop.adapters.feeds.replay import ReplayStatus
from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, InvalidError
from alphaloop.core.ids import client_order_id
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import ZERO
from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder
from alphaloop.engine.matching import TradingDay
from alphaloop.engine.risk import Verdict, hold_price
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.accounts.service import MANUAL_VENUE
from alphaloop.features.audit import service as audit
from alphaloop.features.market import service as market
from alphaloop.features.orders import repository
from alphaloop.features.orders.changes import announce_order, hold_for_order
from alphaloop.features.orders.models import OrderRow
from alphaloop.features.orders.schemas import OrderRole
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service as risk
from alphaloop.features.risk.service import Ceiling, Market, Refused
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class NewOrderRequest:
    """One wish to trade. (session_id, instrument, episode, leg, seq) makes a strategy's wish unique, an
    `idempotency_key` with its `body_hash` a person's.
    """

    instrument: str
    side: OrderSide
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    role: OrderRole = OrderRole.MANUAL
    session_id: int | None = None
    signal_id: int | None = None
    episode: int | None = None
    leg: str = "main"
    seq: int = 0
    idempotency_key: str | None = None
    body_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a wish: an order (perhaps one that existed already), or the verdict that refused it."""

    order: OrderRow | None
    verdict: Verdict | None
    known: bool = False
    refused: Refused | None = None


async def submit(
    session: WriteSession, actor: Actor, account: Account, request: NewOrderRequest, *, ceiling: Ceiling, clock: Clock
) -> OrderRow:
    """Submit one order; a refusal is raised, so that the caller's transaction rolls back."""
    submission = (await submit_many(session, actor, account, [request], ceiling=ceiling, clock=clock))[0]
    if submission.order is None:
        assert submission.refused is not None
        raise risk.refusal(submission.refused)
    return submission.order


async def submit_many(
    session: WriteSession,
    actor: Actor,
    account: Account,
    requests: Sequence[NewOrderRequest],
    *,
    ceiling: Ceiling,
    clock: Clock,
) -> list[Submission]:
    """Submit orders of one account in the caller's transaction, each checked with the earlier ones in effect.

    An order is INTENT until `execution` sends it. A repeated wish returns the first order and changes nothing; the
    same idempotency key with another body is a ConflictError. Refusals are logged and returned, not raised.
    """
    actor.require("order.place")
    # Limits count and money is held per account: two submissions of one account take turns.
    await accounts.lock_account(session, account.id)
    now_ms = await positions.account_time_ms(session, account, clock)
    done = []
    for request in requests:
        known = await _known(session, account, request)
        if known is not None:
            done.append(Submission(known, None, known=True))
            continue
        instrument = await market.get_instrument(session, request.instrument)
        day = await risk.trading_day(session, account, instrument, now_ms=now_ms)
        check_shape(request, instrument, account, day)
        order = as_venue_order(request)
        seen = await price_seen(session, account, request)
        verdict = await risk.check_order(
            session, account, instrument, order, market=seen, ceiling=ceiling, now_ms=now_ms, day=day
        )
        if not verdict.passed:
            refused = Refused(account.user_id, account.id, request.instrument, verdict, now_ms)
            await risk.log_refusal(session, refused, clock=clock)
            done.append(Submission(None, verdict, refused=refused))
            continue
        try:
            row = await _accept(session, actor, account, instrument, request, seen, now_ms, clock)
        except IntegrityError:
            raise ConflictError(
                "The same order is being submitted right now; ask again.", code="order_in_progress"
            ) from None
        done.append(Submission(row, verdict))
    return done


def as_venue_order(request: NewOrderRequest) -> VenueOrder:
    return VenueOrder(
        client_order_id="",
        instrument=request.instrument,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        price=request.price,
        stop_price=request.stop_price,
        reduce_only=request.reduce_only,
    )


async def price_seen(session: ReadSession, account: Account, request: NewOrderRequest) -> Market:
    """The latest price the account knows. On a replay it is the last closed bar's and orders wait for the next bar.

    A ticket waits for a person, who sees their broker's prices: the price they state is the one that counts.
    """
    mark = await positions.find_mark(session, account.id, request.instrument)
    price = mark.price if mark else None
    if account.venue == MANUAL_VENUE:
        stated = request.price or request.stop_price
        return Market(stated or price, stale=stated is None, waits_for_bar=True)
    if account.replay_id is None:
        return Market(price, stale=True, waits_for_bar=False)
    replay = await market.get_replay(session, SYSTEM, account.replay_id)
    return Market(price, stale=False, waits_for_bar=True, over=replay.status == ReplayStatus.ENDED)


async def find_repeated(
    session: ReadSession, account: Account, key: str | None, body_hash: str | None
) -> OrderRow | None:
    """The order made with that idempotency key, if there is one; ConflictError when it was made from another body."""
    if key is None:
        return None
    row = await repository.order_by_key(session, account.user_id, key)
    if row is not None and row.body_hash != body_hash:
        raise ConflictError("This key was used for another order.", code="idempotency_key_reused")
    return row


async def _known(session: WriteSession, account: Account, request: NewOrderRequest) -> OrderRow | None:
    if request.idempotency_key is not None:
        return await find_repeated(session, account, request.idempotency_key, request.body_hash)
    if request.session_id is not None and request.episode is not None:
        return await repository.order_by_episode(
            session,
            session_id=request.session_id,
            instrument=request.instrument,
            episode=request.episode,
            leg=request.leg,
            seq=request.seq,
        )
    return None


def check_shape(request: NewOrderRequest, instrument: Instrument, account: Account, day: TradingDay) -> None:
    """What no price is needed for, by the rules of the day it would trade on; named by field, before the risk check."""
    rules = day.rules
    wrong: list[tuple[str, str]] = []
    if (request.price is not None) != request.type.has_price:
        wrong.append(("price", "missing" if request.price is None else "not_for_this_type"))
    if (request.stop_price is not None) != request.type.has_stop_price:
        wrong.append(("stop_price", "missing" if request.stop_price is None else "not_for_this_type"))
    if request.reduce_only and (request.stop_loss is not None or request.take_profit is not None):
        wrong.append(("stop_loss", "not_for_reduce_only"))
    for name in ("price", "stop_price", "stop_loss", "take_profit"):
        value = getattr(request, name)
        if value is not None and not rules.price_on_grid(value):
            wrong.append((name, "off_tick"))
    if not request.reduce_only and not rules.fits(request.side, request.quantity, day.position):
        wrong.append(("quantity", "off_lot"))
    low, high = (request.stop_loss, request.take_profit)
    if request.side is OrderSide.SELL:
        low, high = high, low
    if low is not None and high is not None and low >= high:
        wrong.append(("take_profit", "on_the_wrong_side"))
    if instrument.quote != account.quote_asset:
        wrong.append(("instrument", "other_currency"))
    if wrong:
        raise InvalidError("The order is not well formed.", code="order_invalid", fields=tuple(wrong))


async def _accept(
    session: WriteSession,
    actor: Actor,
    account: Account,
    instrument: Instrument,
    request: NewOrderRequest,
    seen: Market,
    now_ms: int,
    clock: Clock,
) -> OrderRow:
    assert seen.last_price is not None or request.reduce_only
    price = hold_price(as_venue_order(request), seen.last_price) if seen.last_price is not None else None
    installation = await repository.installation_code(session)
    row = await _insert(session, account, request, installation, price, now_ms, clock, parent=None, group=None)
    await hold_for_order(session, row, account, instrument, now_ms=now_ms)
    if not request.reduce_only:
        await risk.count_order(session, account, now_ms=now_ms)
    await audit.record(
        session,
        actor,
        clock=clock,
        action="order.submit",
        resource_type="order",
        resource_id=row.id,
        account_id=account.id,
        after={
            "instrument": row.instrument,
            "side": row.side,
            "type": row.type,
            "quantity": str(row.quantity),
            "role": row.role,
        },
    )
    await announce_order(session, row, clock=clock)
    for child in _protection(request):
        group = f"g{row.id}" if request.stop_loss is not None and request.take_profit is not None else None
        leg = await _insert(session, account, child, installation, None, now_ms, clock, parent=row.id, group=group)
        await announce_order(session, leg, clock=clock)
    return row


def _protection(request: NewOrderRequest) -> list[NewOrderRequest]:
    """The stop and the take of an entry: reduce-only, asleep at the venue until there is a position."""
    legs = []
    for role, price in ((OrderRole.STOP, request.stop_loss), (OrderRole.TAKE, request.take_profit)):
        if price is None:
            continue
        stop = role is OrderRole.STOP
        legs.append(
            NewOrderRequest(
                instrument=request.instrument,
                side=request.side.opposite,
                type=OrderType.STOP if stop else OrderType.LIMIT,
                quantity=request.quantity,
                price=None if stop else price,
                stop_price=price if stop else None,
                reduce_only=True,
                role=role,
                session_id=request.session_id,
                signal_id=request.signal_id,
                episode=request.episode,
                leg=role.value.lower(),
                seq=request.seq,
                idempotency_key=request.idempotency_key,
                body_hash=request.body_hash,
            )
        )
    return legs


async def _insert(
    session: WriteSession,
    account: Account,
    request: NewOrderRequest,
    installation: str,
    price: Decimal | None,
    now_ms: int,
    clock: Clock,
    *,
    parent: int | None,
    group: str | None,
) -> OrderRow:
    order_id = await repository.insert_order(
        session,
        {
            "user_id": account.user_id,
            "account_id": account.id,
            "trading_mode": account.trading_mode,
            "venue": account.venue,
            "instrument": request.instrument,
            "side": request.side,
            "type": request.type,
            "quantity": request.quantity,
            "price": request.price,
            "stop_price": request.stop_price,
            "reduce_only": request.reduce_only,
            "role": request.role,
            "parent_id": parent,
            "oco_group": group,
            "status": OrderStatus.INTENT,
            "cancel_requested": False,
            "filled_quantity": ZERO,
            "fees": ZERO,
            "fee_asset": account.quote_asset,
            "hold_price": price,
            "session_id": request.session_id,
            "signal_id": request.signal_id,
            "episode": request.episode,
            "leg": request.leg,
            "seq": request.seq,
            "idempotency_key": request.idempotency_key,
            "body_hash": request.body_hash,
            "market_ts_ms": now_ms,
            "created_at": clock.now(),
            "updated_at": clock.now(),
        },
    )
    await repository.name_order(session, order_id, client_order_id(installation, order_id))
    row = await repository.get_order(session, order_id)
    assert row is not None
    return row
