"""Limits, halts and the log of refusals."""

from dataclasses import asdict

from fastapi import APIRouter

from alphaloop.engine.risk import Limits
from alphaloop.features.accounts import service as accounts
from alphaloop.features.positions import service as positions
from alphaloop.features.risk import service
from alphaloop.features.risk.ceiling import read_ceiling
from alphaloop.features.risk.schemas import HaltChange, RiskConfigView, RiskLimits, RiskLogView, RiskState
from alphaloop.infra.http.doors import Asking, Reading, StrictRoute, Wired, Writing
from alphaloop.infra.http.wire import Id, Page, PageSize, make_cursor, read_cursor

router = APIRouter(prefix="/risk", tags=["风控 Risk"], route_class=StrictRoute)


@router.get("/config", operation_id="get_risk_config")
async def get_risk_config(session: Reading, actor: Asking, wiring: Wired) -> RiskConfigView:
    """The person's own limits and what applies after the platform's defaults and maxima."""
    actor.require("risk.read")
    own, effective = await service.read_config(session, actor, read_ceiling(wiring.settings))
    return RiskConfigView(own=RiskLimits(**asdict(own)), effective=RiskLimits(**asdict(effective)))


@router.put("/config", operation_id="put_risk_config")
async def put_risk_config(body: RiskLimits, session: Writing, actor: Asking, wiring: Wired) -> RiskConfigView:
    """Replace the person's own limits; null leaves the platform's default."""
    await service.write_config(session, actor, Limits(**body.model_dump()), clock=wiring.clock)
    own, effective = await service.read_config(session, actor, read_ceiling(wiring.settings))
    return RiskConfigView(own=RiskLimits(**asdict(own)), effective=RiskLimits(**asdict(effective)))


@router.get("/state", operation_id="get_risk_state")
async def get_risk_state(session: Reading, actor: Asking, wiring: Wired, account_id: Id) -> RiskState:
    """Whether the account may trade now and how much of its limits is used."""
    actor.require("risk.read")
    account = await accounts.get_account(session, actor, account_id)
    limits = await service.limits_for(session, account, read_ceiling(wiring.settings))
    now_ms = await positions.account_time_ms(session, account, wiring.clock)
    halt = await service.find_halt(session, account)
    return RiskState(
        halted=halt is not None,
        reason=halt.reason if halt is not None else None,
        orders_last_minute=await service.orders_last_minute(session, account, now_ms=now_ms),
        max_orders_per_minute=limits.max_orders_per_minute,
        exposure_pct=await service.exposure_pct(session, account),
        max_single_position_pct=limits.max_single_position_pct,
    )


@router.post("/halt", operation_id="set_halt", status_code=204)
async def set_halt(body: HaltChange, session: Writing, actor: Asking, wiring: Wired, platform: bool = False) -> None:
    """Stop or resume everything new: for the person, for one account, or (operators) for the platform."""
    await service.set_halt(
        session,
        actor,
        on=body.on,
        reason=body.reason,
        account_id=body.account_id,
        platform=platform,
        clock=wiring.clock,
    )


@router.get("/logs", operation_id="list_risk_logs")
async def list_risk_logs(
    session: Reading,
    actor: Asking,
    account_id: Id | None = None,
    cursor: str | None = None,
    limit: PageSize = 50,
) -> Page[RiskLogView]:
    """Refused orders, newest first."""
    actor.require("risk.read")
    if account_id is not None:
        ids = [(await accounts.get_account(session, actor, account_id)).id]
    else:
        ids = [account.id for account in await accounts.list_accounts(session, actor)]
    rows = await service.list_logs(session, ids, before=read_cursor(cursor), limit=limit)
    items = [RiskLogView.model_validate(row) for row in rows]
    return Page(items=items, next_cursor=make_cursor(rows[-1].id) if len(rows) == limit else None)
