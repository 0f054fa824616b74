"""Reading the catalogue of strategies."""

import asyncio

from fastapi import APIRouter

from alphaloop.core.errors import NotFoundError
from alphaloop.features.catalog import service
from alphaloop.features.catalog.schemas import StrategyView
from alphaloop.infra.http.doors import Asking, StrictRoute
from alphaloop.infra.http.wire import Page

router = APIRouter(prefix="/strategies", tags=["策略 Strategies"], route_class=StrictRoute)


@router.get("", operation_id="list_strategies")
async def list_strategies(actor: Asking, category: str | None = None) -> Page[StrategyView]:
    """Every strategy, or those of one category."""
    actor.require("strategy.read")
    found = await asyncio.to_thread(service.list_strategies)
    return Page(items=[one for one in found if category is None or one.category == category])


@router.get("/{key:path}", operation_id="get_strategy")
async def get_strategy(key: str, actor: Asking) -> StrategyView:
    """One strategy by its key, such as chan/multi_level."""
    actor.require("strategy.read")
    for one in await asyncio.to_thread(service.list_strategies):
        if one.key == key:
            return one
    raise NotFoundError("There is no such strategy.", code="strategy_not_found")
