"""Reading signals."""

from fastapi import APIRouter

from alphaloop.features.accounts import service as accounts
from alphaloop.features.signals import service
from alphaloop.features.signals.schemas import SignalView
from alphaloop.infra.http.doors import Asking, Reading, StrictRoute
from alphaloop.infra.http.wire import Id, Page, PageSize, make_cursor, read_cursor

router = APIRouter(prefix="/signals", tags=["信号 Signals"], route_class=StrictRoute)


@router.get("", operation_id="list_signals")
async def list_signals(
    session: Reading,
    actor: Asking,
    account_id: Id | None = None,
    session_id: Id | None = None,
    cursor: str | None = None,
    limit: PageSize = 50,
) -> Page[SignalView]:
    """Signals of one account or of all that the person reaches, newest first."""
    actor.require("order.read")
    if account_id is not None:
        ids = [(await accounts.get_account(session, actor, account_id)).id]
    else:
        ids = [account.id for account in await accounts.list_accounts(session, actor)]
    rows = await service.list_signals(session, ids, session_id=session_id, before=read_cursor(cursor), limit=limit)
    items = [SignalView.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=make_cursor(rows[-1].id) if len(rows) == limit else None)
