"""Setting what may be set of a strategy; every change leaves a line in the audit trail."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.core.errors import ConflictError, InvalidError
from alphaloop.features.audit import service as audit
from alphaloop.features.catalog import repository
from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.rules import check_params
from alphaloop.features.catalog.schemas import NewStrategy, ParamView, RiskProfile
from alphaloop.features.catalog.service.reading import get_strategy
from alphaloop.features.catalog.service.shelving import MADE_PREFIX, OWN_PREFIX
from alphaloop.infra.db import WriteSession
from alphaloop.infra.identity import Actor

MANAGE = "strategy.manage"
MAX_MADE = 200


@dataclass(frozen=True, slots=True)
class Door:
    """Who manages strategies here: where the installation names people (STRATEGY_MANAGE_USERS), they alone do, and
    what belongs to everybody too; otherwise that is the operator's."""

    managers_named: bool

    def check(self, actor: Actor, row: StrategyRow) -> None:
        """ForbiddenError unless this person may change this strategy."""
        actor.require(MANAGE)
        if row.creator_id is None and not self.managers_named:
            actor.require("platform.manage")


async def add_strategy(session: WriteSession, actor: Actor, asked: NewStrategy, *, clock: Clock) -> StrategyRow:
    """Configure a strategy of one's own on top of another; ConflictError when the name is taken."""
    actor.require(MANAGE)
    base = await get_strategy(session, actor, asked.base)
    if base.base_key is not None:
        raise InvalidError("A strategy is configured on top of one that has code.", code="not_a_base")
    if asked.category is not None and asked.category not in _known_categories():
        raise InvalidError("There is no such category.", fields=(("category", "unknown_category"),))
    params = _checked(base, asked.params)
    made = [row for row in await repository.list_rows(session, actor.person) if row.creator_id == actor.person]
    if len(made) >= MAX_MADE:
        raise ConflictError(f"More than {MAX_MADE} strategies of one's own cannot be kept.", code="too_many_strategies")
    values = {
        **{name: getattr(base, name) for name in ("code_hash", "default_params", "params_schema", "signal_sources")},
        "key": f"{MADE_PREFIX}{secrets.token_hex(5)}",
        "name": asked.name,
        "category": asked.category or base.category,
        "description": asked.description or base.description,
        "enabled": True,
        "is_builtin": False,
        "source_kind": base.source_kind,
        "creator_id": actor.person,
        "base_key": base.key,
        "current_params": params,
        "risk_profile": asked.risk_profile.model_dump(mode="json", exclude_none=True),
        "auto_execute": False,
        "total_signals": 0,
        "version": 1,
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }
    row_id = await repository.add_row(session, values, changelog="")
    if row_id is None:
        raise ConflictError("There is a strategy of that name already.", code="strategy_exists")
    row = await get_strategy(session, actor, str(row_id))
    after = {"base": base.key, "name": row.name, "params": params}
    await note_change(session, actor, clock, row, "strategy_added", after=after)
    return row


def _known_categories() -> set[str]:
    from alphaloop.engine.strategy import CATEGORIES

    return set(CATEGORIES)


def _checked(row: StrategyRow, given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters that fit the strategy's form, as a whole too where its code is the library's."""
    params = check_params([ParamView.model_validate(one) for one in row.params_schema], given)
    if not row.runs_as.startswith(OWN_PREFIX):
        from alphaloop.engine.strategy import load_strategy

        load_strategy(row.runs_as).parse({**row.default_params, **params})
    return params


async def set_params(
    session: WriteSession,
    actor: Actor,
    door: Door,
    named: str,
    params: Mapping[str, Any],
    *,
    changelog: str,
    clock: Clock,
) -> StrategyRow:
    """Replace what is set of a strategy's parameters: a new version of it."""
    row = await managed(session, actor, door, named)
    before, after = row.params, _checked(row, params)
    by = actor.person
    await repository.change_params(session, row, after, changelog=changelog, by=by, now=clock.now())
    await note_change(session, actor, clock, row, "params_changed", before=before, after=row.params)
    return row


async def toggle(session: WriteSession, actor: Actor, door: Door, named: str, *, clock: Clock) -> bool:
    """Switch a strategy on or off; a strategy that is off makes no signals. Returns whether it is on now."""
    row = await managed(session, actor, door, named)
    row.enabled, row.updated_at = not row.enabled, clock.now()
    if row.enabled and row.schedule_from is not None:
        row.schedule_from = clock.now()  # what came due while it was off is not made up for
    await note_change(session, actor, clock, row, "strategy_toggled", after={"enabled": row.enabled})
    return row.enabled


async def set_auto_execute(
    session: WriteSession, actor: Actor, door: Door, named: str, on: bool, *, clock: Clock
) -> StrategyRow:
    """Let a strategy's signals be traded without asking, as far as every other switch allows."""
    row = await managed(session, actor, door, named)
    before = {"auto_execute": row.auto_execute}
    row.auto_execute, row.updated_at = on, clock.now()
    await note_change(session, actor, clock, row, "auto_execute_set", before=before, after={"auto_execute": on})
    return row


async def set_risk_profile(
    session: WriteSession, actor: Actor, door: Door, named: str, profile: RiskProfile, *, clock: Clock
) -> StrategyRow:
    """Replace what a strategy may risk on top of the account's limits."""
    row = await managed(session, actor, door, named)
    before, after = row.risk_profile, profile.model_dump(mode="json", exclude_none=True)
    row.risk_profile, row.updated_at = after, clock.now()
    await note_change(session, actor, clock, row, "risk_profile_set", before=before, after=after)
    return row


async def managed(session: WriteSession, actor: Actor, door: Door, named: str) -> StrategyRow:
    row = await get_strategy(session, actor, named, lock=True)
    door.check(actor, row)
    return row


async def note_change(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    row: StrategyRow,
    what: str,
    *,
    account_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    await session.flush()
    await audit.record(
        session,
        actor,
        clock=clock,
        action=f"catalog.{what}",
        resource_type="strategy",
        resource_id=row.id,
        account_id=account_id,
        before=before,
        after=after,
    )
