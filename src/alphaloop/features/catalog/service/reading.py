"""Finding strategies, their versions and the figures that others keep on them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.core.errors import NotFoundError
from alphaloop.features.catalog import repository
from alphaloop.features.catalog.models import StrategyRow, StrategyVersion
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor, ActorType


async def list_strategies(session: ReadSession, actor: Actor) -> list[StrategyRow]:
    """Everybody's strategies and this person's own, by key."""
    actor.require("strategy.read")
    return await repository.list_rows(session, actor.person)


async def get_strategy(session: ReadSession, actor: Actor, named: str, *, lock: bool = False) -> StrategyRow:
    """The strategy of that id or key; NotFoundError also for what somebody else configured."""
    row = await repository.find_row(session, named, lock=lock)
    hidden = row is not None and row.creator_id is not None and actor.type is not ActorType.SYSTEM
    if row is None or (hidden and row.creator_id != actor.person):
        raise NotFoundError("There is no such strategy.", code="strategy_not_found")
    return row


async def list_versions(session: ReadSession, actor: Actor, named: str, *, limit: int) -> list[StrategyVersion]:
    """The states a strategy has been in, newest first."""
    actor.require("strategy.read")
    row = await get_strategy(session, actor, named)
    return await repository.list_versions(session, row.id, limit=limit)


async def note_run(session: WriteSession, strategy_id: int, *, signals: int, clock: Clock) -> None:
    """Count what a run brought; the signals room says so in its own transaction."""
    await _change(session, strategy_id, lambda row: _count(row, signals, clock.now()))


async def note_performance(
    session: WriteSession, strategy_id: int, *, win_rate: float | None, sharpe: float | None
) -> None:
    """Keep the figures of a strategy's measured signals."""

    def keep(row: StrategyRow) -> None:
        row.win_rate, row.sharpe_ratio = win_rate, sharpe

    await _change(session, strategy_id, keep)


async def note_verified(
    session: WriteSession, named: str, *, code_hash: str, params: Mapping[str, Any], backtest_id: int
) -> None:
    """Keep which backtest was made of exactly the code and the parameters of a version, if of any version."""
    row = await repository.find_row(session, named)
    if row is None:
        return
    for version in await repository.list_versions(session, row.id, limit=1000):
        if version.code_hash == code_hash and version.params == dict(params):
            version.verified_backtest_id = backtest_id
            return


def _count(row: StrategyRow, signals: int, now: datetime) -> None:
    row.total_signals += signals
    row.last_run_at = now


async def _change(session: WriteSession, strategy_id: int, change: Callable[[StrategyRow], None]) -> None:
    row = await repository.find_row(session, str(strategy_id), lock=True)
    if row is not None:
        change(row)
        await session.flush()
