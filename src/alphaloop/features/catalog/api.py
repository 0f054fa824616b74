"""Strategies over HTTP: the catalogue, one's own on top of it, and what may be set of each. `{key}` is key or id."""

from typing import Annotated

from fastapi import APIRouter, Query

from alphaloop.core.errors import NotFoundError
from alphaloop.features.catalog import service
from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.paths import Faces, Named, Shelved
from alphaloop.features.catalog.schemas import (
    AutoExecuteSet,
    NewStrategy,
    ParamsSet,
    RiskProfile,
    ScheduleSet,
    StrategyPage,
    StrategyView,
    VersionView,
)
from alphaloop.features.catalog.service import Door
from alphaloop.features.catalog.views import view_of
from alphaloop.infra.http.doors import Asking, Now, Reading, StrictRoute, Wired, Wiring, Writing
from alphaloop.infra.http.wire import Page, PageSize
from alphaloop.infra.identity import Actor

router = APIRouter(prefix="/strategies", tags=["策略 Strategies"], route_class=StrictRoute)


@router.get("", operation_id="list_strategies")
async def list_strategies(faces: Shelved, session: Reading, actor: Asking, category: str | None = None) -> StrategyPage:
    """Every strategy of the library, of the folder of one's own, and what one configured, or those of one category."""
    rows = await service.list_strategies(session, actor)
    views = [view_of(row, faces[0][row.runs_as], actor) for row in rows if row.runs_as in faces[0]]
    return StrategyPage(items=[one for one in views if category is None or one.category == category], broken=faces[1])


@router.post("", operation_id="create_strategy", status_code=201)
async def create_strategy(
    body: NewStrategy, faces: Shelved, session: Writing, actor: Asking, clock: Now
) -> StrategyView:
    """Configure a strategy of one's own on top of another: a name, parameters, and what it may risk."""
    return _seen(await service.add_strategy(session, actor, body, clock=clock), faces, actor)


@router.get("/{key:strategy}/versions", operation_id="list_strategy_versions")
async def list_strategy_versions(
    key: Named, _: Shelved, session: Reading, actor: Asking, limit: Annotated[PageSize, Query()] = 50
) -> Page[VersionView]:
    """The states its code and parameters have been in, newest first."""
    rows = await service.list_versions(session, actor, key, limit=limit)
    return Page(items=[VersionView.model_validate(row) for row in rows])


@router.put("/{key:strategy}/params", operation_id="set_strategy_params")
async def set_strategy_params(
    key: Named, body: ParamsSet, faces: Shelved, session: Writing, actor: Asking, wiring: Wired
) -> StrategyView:
    """Replace what is set of its parameters: a new version. Those left out go back to their default."""
    row = await service.set_params(
        session, actor, _door(wiring), key, body.params, changelog=body.changelog, clock=wiring.clock
    )
    return _seen(row, faces, actor)


@router.post("/{key:strategy}/toggle", operation_id="toggle_strategy")
async def toggle_strategy(key: Named, _: Shelved, session: Writing, actor: Asking, wiring: Wired) -> bool:
    """Switch it on or off; the answer is whether it is on now."""
    return await service.toggle(session, actor, _door(wiring), key, clock=wiring.clock)


@router.put("/{key:strategy}/risk-profile", operation_id="set_strategy_risk_profile")
async def set_strategy_risk_profile(
    key: Named, body: RiskProfile, faces: Shelved, session: Writing, actor: Asking, wiring: Wired
) -> StrategyView:
    """Replace what it may risk on top of the account's own limits."""
    row = await service.set_risk_profile(session, actor, _door(wiring), key, body, clock=wiring.clock)
    return _seen(row, faces, actor)


@router.put("/{key:strategy}/auto-execute", operation_id="set_strategy_auto_execute")
async def set_strategy_auto_execute(
    key: Named, body: AutoExecuteSet, faces: Shelved, session: Writing, actor: Asking, wiring: Wired
) -> StrategyView:
    """Let its signals be traded without asking, as far as every other switch allows."""
    row = await service.set_auto_execute(session, actor, _door(wiring), key, body.on, clock=wiring.clock)
    return _seen(row, faces, actor)


@router.put("/{key:strategy}/schedule", operation_id="set_strategy_schedule")
async def set_strategy_schedule(
    key: Named, body: ScheduleSet, faces: Shelved, session: Writing, actor: Asking, wiring: Wired
) -> StrategyView:
    """Run it by itself: by a cron line, or some minutes after each session of a calendar."""
    row = await service.set_schedule(session, actor, _door(wiring), key, body, clock=wiring.clock)
    return _seen(row, faces, actor)


@router.delete("/{key:strategy}/schedule", operation_id="clear_strategy_schedule")
async def clear_strategy_schedule(
    key: Named, faces: Shelved, session: Writing, actor: Asking, wiring: Wired
) -> StrategyView:
    """Run it only when asked to."""
    return _seen(await service.clear_schedule(session, actor, _door(wiring), key, clock=wiring.clock), faces, actor)


@router.get("/{key:strategy}", operation_id="get_strategy")
async def get_strategy(key: Named, faces: Shelved, session: Reading, actor: Asking) -> StrategyView:
    """One strategy by its id or its key, such as chan/multi_level or user:my_idea."""
    return _seen(await service.get_strategy(session, actor, key), faces, actor)


def _seen(row: StrategyRow, faces: Faces, actor: Actor) -> StrategyView:
    if row.runs_as not in faces[0]:  # the file is gone
        raise NotFoundError("There is no such strategy.", code="strategy_not_found")
    return view_of(row, faces[0][row.runs_as], actor)


def _door(wiring: Wiring) -> Door:
    return Door(managers_named=bool(wiring.settings.strategy_managers))
