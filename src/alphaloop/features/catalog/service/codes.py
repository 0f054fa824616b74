"""From what a person names to the code that runs: configured strategies stand for another's code and parameters."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from alphaloop.core.errors import ConflictError
from alphaloop.features.catalog import repository
from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.service.reading import get_strategy
from alphaloop.features.catalog.service.shelving import MADE_PREFIX
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import SYSTEM, Actor


class Code(NamedTuple):
    """Key of the code that runs, and its parameters."""

    key: str
    params: dict[str, Any]


async def find_code(session: ReadSession, actor: Actor, named: str, params: Mapping[str, Any]) -> Code:
    """What runs when a person names a strategy: what they configured stands for its code and, under what is given now,
    its parameters; any other key for itself. NotFoundError for what somebody else configured."""
    if not named.startswith(MADE_PREFIX):
        return Code(named, dict(params))
    row = await get_strategy(session, actor, named)
    return Code(row.runs_as, {**row.params, **params})


async def code_of(session: ReadSession, named: str) -> str:
    """Key of the code that runs for a strategy whose owner was looked at before."""
    return (await find_code(session, SYSTEM, named, {})).key


async def must_be_on(session: ReadSession, row: StrategyRow) -> None:
    """ConflictError 'strategy_off' when a strategy, or the one it was configured on, is switched off."""
    base = None if row.base_key is None else await repository.find_row(session, row.base_key)
    if not row.enabled or (base is not None and not base.enabled):
        raise ConflictError("This strategy is switched off.", code="strategy_off")


async def is_on(session: ReadSession, named: str) -> bool:
    """Whether a strategy may trade; one that nobody has looked at yet has no switch."""
    row = await repository.find_row(session, named)
    if row is None:
        return True
    try:
        await must_be_on(session, row)
    except ConflictError:
        return False
    return True
