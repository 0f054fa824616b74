"""Reading the catalogue of strategies."""

import asyncio

from fastapi import APIRouter

from alphaloop.core.errors import NotFoundError
from alphaloop.features.catalog import service
from alphaloop.features.catalog.own import OwnShelf
from alphaloop.features.catalog.schemas import StrategyPage, StrategyView
from alphaloop.infra.http.doors import Asking, StrictRoute, Wired, Wiring

router = APIRouter(prefix="/strategies", tags=["策略 Strategies"], route_class=StrictRoute)


@router.get("", operation_id="list_strategies")
async def list_strategies(actor: Asking, wiring: Wired, category: str | None = None) -> StrategyPage:
    """Every strategy of the library and of the folder of one's own, or those of one category."""
    actor.require("strategy.read")
    own, broken = await _shelf(wiring).read()
    found = [*await asyncio.to_thread(service.list_strategies), *own]
    return StrategyPage(items=[one for one in found if category is None or one.category == category], broken=broken)


@router.get("/{key:path}", operation_id="get_strategy")
async def get_strategy(key: str, actor: Asking, wiring: Wired) -> StrategyView:
    """One strategy by its key, such as chan/multi_level or user:my_idea."""
    actor.require("strategy.read")
    own, _ = await _shelf(wiring).read()
    for one in [*await asyncio.to_thread(service.list_strategies), *own]:
        if one.key == key:
            return one
    raise NotFoundError("There is no such strategy.", code="strategy_not_found")


def _shelf(wiring: Wiring) -> OwnShelf:
    shelf: OwnShelf = wiring.parts.setdefault(OwnShelf, OwnShelf(wiring.settings.strategies_dir))
    return shelf
