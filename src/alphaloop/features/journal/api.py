"""Reading the journal."""

from typing import Annotated

from fastapi import APIRouter, Query

from alphaloop.features.accounts import service as accounts
from alphaloop.features.journal import service
from alphaloop.features.journal.schemas import JournalPage, JournalView
from alphaloop.infra.http.doors import Asking, Reading, StrictRoute
from alphaloop.infra.http.wire import Id, PageSize

router = APIRouter(prefix="/journal", tags=["复盘 Journal"], route_class=StrictRoute)


@router.get("/list", operation_id="list_journal")
async def list_journal(
    session: Reading,
    actor: Asking,
    account_id: Id | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: PageSize = 20,
) -> JournalPage:
    """Journal entries of one account or of all that the person reaches, newest first."""
    actor.require("order.read")
    if account_id is not None:
        ids = [(await accounts.get_account(session, actor, account_id)).id]
    else:
        ids = [account.id for account in await accounts.list_accounts(session, actor)]
    rows, total = await service.list_entries(session, ids, page=page, size=size)
    return JournalPage(items=[JournalView.model_validate(row) for row in rows], page=page, size=size, total=total)
