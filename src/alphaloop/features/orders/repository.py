"""All SQL of the orders room."""

import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.order import TERMINAL, OrderStatus, OrderType
from alphaloop.features.orders.models import FillRow, Installation, OrderRow, VenueCursor
from alphaloop.infra.db import ReadSession, WriteSession

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_WORKING = [status for status in OrderStatus if status not in TERMINAL]


async def installation_code(session: WriteSession) -> str:
    """This database's four characters, chosen once."""
    known = await session.scalar(select(Installation.code).where(Installation.id == 1))
    if known is not None:
        return str(known)
    made = "".join(secrets.choice(_ALPHABET) for _ in range(4))
    try:
        async with session.begin_nested():
            await session.execute(insert(Installation).values(id=1, code=made))
    except IntegrityError:
        return str(await session.scalar(select(Installation.code).where(Installation.id == 1)))
    return made


async def insert_order(session: WriteSession, values: dict[str, Any]) -> int:
    added = await session.execute(insert(OrderRow).values(**values))
    return int(added.inserted_primary_key[0])  # type: ignore[attr-defined]


async def name_order(session: WriteSession, order_id: int, client_order_id: str) -> None:
    await session.execute(update(OrderRow).where(OrderRow.id == order_id).values(client_order_id=client_order_id))


async def get_order(session: ReadSession, order_id: int) -> OrderRow | None:
    found: OrderRow | None = await session.scalar(select(OrderRow).where(OrderRow.id == order_id))
    return found


async def order_by_key(session: ReadSession, user_id: int, key: str) -> OrderRow | None:
    """The order first made with that idempotency key; its protective legs carry the same key."""
    found: OrderRow | None = await session.scalar(
        select(OrderRow)
        .where(OrderRow.user_id == user_id, OrderRow.idempotency_key == key)
        .order_by(OrderRow.id)
        .limit(1)
    )
    return found


async def order_by_episode(
    session: ReadSession, *, session_id: int, instrument: str, episode: int, leg: str, seq: int
) -> OrderRow | None:
    found: OrderRow | None = await session.scalar(
        select(OrderRow).where(
            OrderRow.session_id == session_id,
            OrderRow.instrument == instrument,
            OrderRow.episode == episode,
            OrderRow.leg == leg,
            OrderRow.seq == seq,
        )
    )
    return found


async def count_episode(session: ReadSession, session_id: int, instrument: str, episode: int) -> int:
    """How many orders (protection apart) a strategy's episode has made so far: the next one's `seq`."""
    found = await session.scalar(
        select(func.count())
        .select_from(OrderRow)
        .where(
            OrderRow.session_id == session_id,
            OrderRow.instrument == instrument,
            OrderRow.episode == episode,
            OrderRow.parent_id.is_(None),
        )
    )
    return int(found or 0)


async def working_orders(session: ReadSession, account_id: int, *, instrument: str | None = None) -> list[OrderRow]:
    """Orders that may still trade, oldest first."""
    query = select(OrderRow).where(OrderRow.account_id == account_id, OrderRow.status.in_(_WORKING))
    if instrument is not None:
        query = query.where(OrderRow.instrument == instrument)
    return list(await session.scalars(query.order_by(OrderRow.id)))


async def accounts_working(session: ReadSession, instrument: str) -> set[int]:
    """Accounts that have working orders in an instrument."""
    query = select(OrderRow.account_id).where(OrderRow.instrument == instrument, OrderRow.status.in_(_WORKING))
    return set(await session.scalars(query.distinct()))


async def accounts_with_work(session: ReadSession) -> list[int]:
    """Accounts that have working orders."""
    return list(await session.scalars(select(OrderRow.account_id).where(OrderRow.status.in_(_WORKING)).distinct()))


async def list_orders(
    session: ReadSession, account_ids: list[int], *, open_only: bool | None, before: int | None, limit: int
) -> list[OrderRow]:
    """Newest first; `open_only` None takes all."""
    query = select(OrderRow).where(OrderRow.account_id.in_(account_ids))
    if open_only is not None:
        query = query.where(OrderRow.status.in_(_WORKING if open_only else list(TERMINAL)))
    if before is not None:
        query = query.where(OrderRow.id < before)
    return list(await session.scalars(query.order_by(OrderRow.id.desc()).limit(limit)))


async def list_fills(session: ReadSession, account_ids: list[int], *, before: int | None, limit: int) -> list[FillRow]:
    query = select(FillRow).where(FillRow.account_id.in_(account_ids))
    if before is not None:
        query = query.where(FillRow.id < before)
    return list(await session.scalars(query.order_by(FillRow.id.desc()).limit(limit)))


async def lock_order(session: WriteSession, order_id: int) -> OrderRow:
    """The order as it is now, locked until the transaction ends."""
    row = await session.scalar(
        select(OrderRow).where(OrderRow.id == order_id).with_for_update().execution_options(populate_existing=True)
    )
    assert row is not None
    return row


async def order_by_client_id(session: ReadSession, client_order_id: str) -> OrderRow | None:
    found: OrderRow | None = await session.scalar(select(OrderRow).where(OrderRow.client_order_id == client_order_id))
    return found


async def children(session: ReadSession, order_id: int) -> list[OrderRow]:
    return list(await session.scalars(select(OrderRow).where(OrderRow.parent_id == order_id).order_by(OrderRow.id)))


async def insert_fill(
    session: WriteSession, order: OrderRow, *, trade_id: str, values: dict[str, Any], booked_at: datetime
) -> int | None:
    """Id of the new fill, or None when this trade has been booked already."""
    known = await session.scalar(
        select(FillRow.id).where(
            FillRow.venue == order.venue,
            FillRow.account_id == order.account_id,
            FillRow.instrument == order.instrument,
            FillRow.trade_id == trade_id,
        )
    )
    if known is not None:
        return None
    added = await session.execute(
        insert(FillRow).values(
            order_id=order.id,
            account_id=order.account_id,
            venue=order.venue,
            instrument=order.instrument,
            trade_id=trade_id,
            booked_at=booked_at,
            **values,
        )
    )
    return int(added.inserted_primary_key[0])  # type: ignore[attr-defined]


async def fill_sums(session: ReadSession, order_id: int) -> tuple[Decimal, Decimal, Decimal]:
    """(filled quantity, sum of price x quantity, sum of fees) of an order, from its fills."""
    quantity = value = fees = ZERO
    for row in await session.execute(
        select(FillRow.quantity, FillRow.price, FillRow.fee).where(FillRow.order_id == order_id)
    ):
        quantity = EXACT.add(quantity, row.quantity)
        value = EXACT.add(value, EXACT.multiply(row.price, row.quantity))
        fees = EXACT.add(fees, row.fee)
    return quantity, value, fees


async def read_cursor(session: ReadSession, account_id: int) -> int:
    return await session.scalar(select(VenueCursor.position).where(VenueCursor.account_id == account_id)) or 0


async def move_cursor(session: WriteSession, account_id: int, position: int) -> None:
    moved = await session.execute(
        update(VenueCursor).where(VenueCursor.account_id == account_id).values(position=position)
    )
    if getattr(moved, "rowcount", 0) == 0:
        await session.execute(insert(VenueCursor).values(account_id=account_id, position=position))


async def accounts_with_waiting_work(session: ReadSession) -> list[int]:
    """Accounts with an order to send or to cancel; protection that waits for its entry to trade is neither."""
    entry = aliased(OrderRow)
    may_leave = or_(
        entry.id.is_(None),
        entry.status.in_(list(TERMINAL)),
        entry.type == OrderType.MARKET,
        entry.filled_quantity != ZERO,
    )
    return list(
        await session.scalars(
            select(OrderRow.account_id)
            .join(entry, entry.id == OrderRow.parent_id, isouter=True)
            .where(
                or_(
                    (OrderRow.status == OrderStatus.INTENT) & may_leave,
                    OrderRow.cancel_requested.is_(True) & OrderRow.status.in_(_WORKING),
                )
            )
            .distinct()
        )
    )
