"""Writing, sealing and checking the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from fastapi import Request
from sqlalchemy import insert, select, update

from alphaloop.core.clock import Clock
from alphaloop.core.errors import AlphaLoopError, Kind
from alphaloop.features.audit.models import AuditHead, AuditLog
from alphaloop.features.audit.rules import (
    CONTENT_COLUMNS,
    GENESIS,
    canonical,
    chained_hash,
    masked,
    masked_text,
)
from alphaloop.infra.db import Database, ReadSession, WriteSession
from alphaloop.infra.http.peer import origin_of
from alphaloop.infra.identity import Actor
from alphaloop.infra.logs import request_id as current_request_id

Result = Literal["OK", "REFUSED"]
SEAL_BATCH = 500
_HEAD = 1


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """The first row at which the chain no longer holds. `reason` is edited, unlinked, gap or cut."""

    row_id: int
    reason: str


async def record(
    session: WriteSession,
    actor: Actor,
    *,
    clock: Clock,
    action: str,
    resource_type: str,
    resource_id: int | str | None = None,
    account_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
    result: Result = "OK",
) -> None:
    """Write one unsealed row in the caller's transaction. `action` is `room.verb_past`; secrets are masked here."""
    await session.execute(
        insert(AuditLog).values(
            at=clock.now(),
            user_id=actor.user_id,
            account_id=account_id,
            actor_type=actor.type.value,
            action=action[:64],
            resource_type=resource_type[:64],
            resource_id=None if resource_id is None else masked_text(str(resource_id), 64),
            before=None if before is None else masked(before),
            after=None if after is None else masked(after),
            details=None if details is None else masked(details),
            result=result,
            ip_address=actor.ip_address[:45],
            user_agent=masked_text(actor.user_agent, 255),
            request_id=(actor.request_id or current_request_id.get())[:64],
        )
    )


def must_be_recorded(error: AlphaLoopError) -> bool:
    """Whether a refusal leaves an audit row: missing permission, halted trading, and every risk rule."""
    return error.kind in (Kind.FORBIDDEN, Kind.HALTED) or error.code.startswith("risk_")


async def record_refusal(db: Database, clock: Clock, request: Request, error: AlphaLoopError) -> None:
    """Audit a refused request in a transaction of its own, because the refused one was rolled back.

    Hears of every refusal and keeps those of `must_be_recorded`.
    """
    if not must_be_recorded(error):
        return
    actor: Actor = getattr(request.state, "actor", None) or origin_of(request)
    route = request.scope.get("route")
    async with db.write() as session:
        await record(
            session,
            actor,
            clock=clock,
            action="http.refused",
            resource_type="route",
            resource_id=getattr(route, "name", None),
            details={
                "code": error.code,
                "message": error.message,
                "method": request.method,
                # The template, not the address itself: an address may carry anything.
                "path": getattr(route, "path", ""),
            },
            result="REFUSED",
        )


async def seal(session: WriteSession, clock: Clock, *, batch: int = SEAL_BATCH) -> int:
    """Chain waiting rows in id order; returns how many. At most one caller extends the chain from a given end."""
    # The head is locked before looking, so that two sealers never see the same rows waiting.
    head = await _head_for_update(session)
    waiting = await session.execute(
        select(*(getattr(AuditLog, name) for name in CONTENT_COLUMNS))
        .where(AuditLog.seal_no.is_(None))
        .order_by(AuditLog.id)
        .limit(batch)
    )
    rows = [dict(row) for row in waiting.mappings()]
    if not rows:
        return 0
    seal_no, prev_hash, now = head.seal_no, head.hash, clock.now()
    for row in rows:
        seal_no += 1
        made = chained_hash(prev_hash, canonical(row, sealed_at=now, seal_no=seal_no))
        await session.execute(
            update(AuditLog)
            .where(AuditLog.id == row["id"])
            .values(prev_hash=prev_hash, hash=made, sealed_at=now, seal_no=seal_no)
        )
        prev_hash = made
    await session.execute(
        update(AuditHead).where(AuditHead.id == _HEAD).values(seal_no=seal_no, row_id=rows[-1]["id"], hash=prev_hash)
    )
    return len(rows)


async def _head_for_update(session: WriteSession) -> AuditHead:
    locked = select(AuditHead).where(AuditHead.id == _HEAD).with_for_update().execution_options(populate_existing=True)
    head = await session.scalar(locked)
    if head is None:
        await session.execute(insert(AuditHead).values(id=_HEAD, seal_no=0, row_id=0, hash=GENESIS))
        head = await session.scalar(locked)
    assert head is not None
    return head


async def verify(session: ReadSession, *, batch: int = 1000) -> BrokenRow | None:
    """Walk the whole chain; None when it holds, else the first row that was edited, unlinked, removed or cut off."""
    seal_no, prev_hash = 0, GENESIS
    while True:
        found = await session.execute(
            select(AuditLog.__table__).where(AuditLog.seal_no > seal_no).order_by(AuditLog.seal_no).limit(batch)
        )
        rows = [dict(row) for row in found.mappings()]
        for row in rows:
            reason = _flaw(row, seal_no=seal_no + 1, prev_hash=prev_hash)
            if reason is not None:
                return BrokenRow(row["id"], reason)
            seal_no, prev_hash = row["seal_no"], row["hash"]
        if not rows:
            break
    head = (await session.execute(select(AuditHead.seal_no, AuditHead.row_id, AuditHead.hash))).first()
    if head is None:
        return BrokenRow(0, "cut") if seal_no else None
    return None if (head.seal_no, head.hash) == (seal_no, prev_hash) else BrokenRow(head.row_id, "cut")


def _flaw(row: Mapping[str, Any], *, seal_no: int, prev_hash: str) -> str | None:
    if row["seal_no"] != seal_no:
        return "gap"
    if row["prev_hash"] != prev_hash:
        return "unlinked"
    sealed_at: datetime | None = row["sealed_at"]
    if sealed_at is None:
        return "edited"
    made = chained_hash(prev_hash, canonical(row, sealed_at=sealed_at, seal_no=seal_no))
    return None if made == row["hash"] else "edited"


async def list_logs(
    session: ReadSession,
    actor: Actor,
    *,
    before_id: int | None,
    limit: int,
    action: str | None = None,
    user_id: int | None = None,
    account_id: int | None = None,
) -> list[AuditLog]:
    """Newest first, ids below `before_id`: every row for whoever may read the audit, else only the actor's own."""
    query = select(AuditLog).order_by(AuditLog.id.desc()).limit(limit)
    if not actor.allows("audit.read"):
        query = query.where(AuditLog.user_id == actor.person)
    if before_id is not None:
        query = query.where(AuditLog.id < before_id)
    if action is not None:
        query = query.where(AuditLog.action == action)
    if user_id is not None:
        query = query.where(AuditLog.user_id == user_id)
    if account_id is not None:
        query = query.where(AuditLog.account_id == account_id)
    return list(await session.scalars(query))
