"""Reading orders, fills and positions of the accounts a person reaches."""

from alphaloop.core.errors import NotFoundError
from alphaloop.features.accounts import service as accounts
from alphaloop.features.orders import repository
from alphaloop.features.orders.models import FillRow, OrderRow
from alphaloop.features.orders.schemas import OrderRole, PositionView, StatusFilter
from alphaloop.features.positions import service as positions
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import Actor

working_orders = repository.working_orders
count_episode = repository.count_episode


async def reachable(session: ReadSession, actor: Actor, account_id: int | None) -> list[int]:
    """The account asked for, or every account the person reaches."""
    if account_id is not None:
        return [(await accounts.get_account(session, actor, account_id)).id]
    return [account.id for account in await accounts.list_accounts(session, actor)]


async def get_order(session: ReadSession, actor: Actor, order_id: int) -> OrderRow:
    """The order, if it is on an account this person reaches."""
    row = await repository.get_order(session, order_id)
    if row is None or row.account_id not in await reachable(session, actor, None):
        raise NotFoundError("There is no such order.", code="order_not_found")
    return row


async def list_orders(
    session: ReadSession,
    actor: Actor,
    *,
    account_id: int | None,
    status: StatusFilter,
    before: int | None,
    limit: int,
) -> list[OrderRow]:
    actor.require("order.read")
    ids = await reachable(session, actor, account_id)
    open_only = {StatusFilter.OPEN: True, StatusFilter.CLOSED: False, StatusFilter.ALL: None}[status]
    return await repository.list_orders(session, ids, open_only=open_only, before=before, limit=limit)


async def list_fills(
    session: ReadSession, actor: Actor, *, account_id: int | None, before: int | None, limit: int
) -> list[FillRow]:
    actor.require("order.read")
    ids = await reachable(session, actor, account_id)
    return await repository.list_fills(session, ids, before=before, limit=limit)


async def protection_of(session: ReadSession, account_id: int, instrument: str) -> dict[OrderRole, OrderRow]:
    """The working stop and take that guard a position, the newest of each."""
    found: dict[OrderRole, OrderRow] = {}
    for row in await repository.working_orders(session, account_id, instrument=instrument):
        if row.role in (OrderRole.STOP, OrderRole.TAKE) and not row.cancel_requested:
            found[OrderRole(row.role)] = row
    return found


async def list_positions(session: ReadSession, actor: Actor, *, account_id: int | None) -> list[PositionView]:
    """Open positions with the stop and take that guard them."""
    actor.require("order.read")
    views = []
    for each in await reachable(session, actor, account_id):
        halted = await positions.suspended(session, each)
        for row in await positions.list_positions(session, each):
            view = PositionView.model_validate(positions.view(row))
            guards = await protection_of(session, each, row.instrument)
            stop, take = guards.get(OrderRole.STOP), guards.get(OrderRole.TAKE)
            view.stop = stop.stop_price if stop else None
            view.take = take.price if take else None
            view.suspended = row.instrument in halted
            views.append(view)
    return views
