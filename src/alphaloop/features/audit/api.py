"""Reading the audit trail over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from alphaloop.features.audit import service
from alphaloop.features.audit.schemas import AuditLogOut
from alphaloop.infra.http.doors import Asking, Reading, StrictRoute
from alphaloop.infra.http.wire import ErrorBody, Id, Page, PageSize, make_cursor, read_cursor

router = APIRouter(
    prefix="/audit", tags=["审计 Audit"], route_class=StrictRoute, generate_unique_id_function=lambda route: route.name
)


@router.get("/logs", responses={401: {"model": ErrorBody}, 422: {"model": ErrorBody}})
async def list_audit_logs(
    actor: Asking,
    session: Reading,
    cursor: Annotated[str | None, Query(max_length=32)] = None,
    limit: Annotated[PageSize, Query()] = 50,
    action: Annotated[str | None, Query(max_length=64)] = None,
    action_type: Annotated[str | None, Query(max_length=64)] = None,
    user_id: Annotated[Id | None, Query()] = None,
    account_id: Annotated[Id | None, Query()] = None,
) -> Page[AuditLogOut]:
    """Newest first. Everything for whoever may read the audit, otherwise only what you did yourself."""
    rows = await service.list_logs(
        session,
        actor,
        before_id=read_cursor(cursor),
        limit=limit + 1,
        action=action or action_type,
        user_id=user_id,
        account_id=account_id,
    )
    shown = rows[:limit]
    more = make_cursor(shown[-1].id) if len(rows) > limit else None
    return Page(items=[AuditLogOut.of(row) for row in shown], next_cursor=more)
