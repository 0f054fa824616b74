"""All SQL of the catalogue."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from alphaloop.features.catalog.models import StrategyRow, StrategyVersion
from alphaloop.features.catalog.rules import config_hash
from alphaloop.infra.db import ReadSession, WriteSession


async def code_hashes(session: ReadSession, keys: Sequence[str]) -> dict[str, str]:
    """Key -> hash of the code, of the rows that exist."""
    found = await session.execute(
        select(StrategyRow.key, StrategyRow.code_hash).where(StrategyRow.key.in_(keys), StrategyRow.base_key.is_(None))
    )
    return {row.key: row.code_hash for row in found}


async def add_row(session: WriteSession, values: Mapping[str, Any], *, changelog: str) -> int | None:
    """The new row's id, with its first version; None when its key or its name is taken, now or a moment ago."""
    try:
        async with session.begin_nested():
            added = await session.execute(insert(StrategyRow).values(**values))
            row_id = int(added.inserted_primary_key[0])  # type: ignore[attr-defined]
            await _add_version(session, row_id, values, number=1, changelog=changelog, by=values["creator_id"])
    except IntegrityError:
        return None
    return row_id


async def renew(session: WriteSession, key: str, values: Mapping[str, Any], *, known_hash: str) -> None:
    """Take the new state of a file over, once however many ask: what is set of the strategy stays."""
    row = await session.scalar(select(StrategyRow).where(StrategyRow.key == key).with_for_update())
    if row is None or row.code_hash != known_hash:
        return
    number = row.version + 1
    kept = {name: values[name] for name in ("category", "code_hash", "default_params", "params_schema", "updated_at")}
    await session.execute(update(StrategyRow).where(StrategyRow.id == row.id).values(**kept, version=number))
    told = {**values, "current_params": row.current_params, "created_at": values["updated_at"]}
    await _add_version(session, row.id, told, number=number, changelog="The code changed.", by=None)


async def _add_version(
    session: WriteSession, strategy_id: int, values: Mapping[str, Any], *, number: int, changelog: str, by: int | None
) -> None:
    params = {**values["default_params"], **(values["current_params"] or {})}
    await session.execute(
        insert(StrategyVersion).values(
            strategy_id=strategy_id,
            number=number,
            code_hash=values["code_hash"],
            config_hash=config_hash(params),
            params=params,
            changelog=changelog,
            created_by=by,
            created_at=values["created_at"],
        )
    )


async def change_params(
    session: WriteSession, row: StrategyRow, params: Mapping[str, Any], *, changelog: str, by: int, now: datetime
) -> None:
    """Set the parameters of a locked row and note the state as a new version."""
    row.current_params, row.version, row.updated_at = dict(params), row.version + 1, now
    await session.flush()
    values = {
        "default_params": row.default_params,
        "current_params": row.current_params,
        "code_hash": row.code_hash,
        "created_at": now,
    }
    await _add_version(session, row.id, values, number=row.version, changelog=changelog, by=by)


async def list_rows(session: ReadSession, user_id: int) -> list[StrategyRow]:
    """Everybody's rows and this person's, by key."""
    mine = or_(StrategyRow.creator_id.is_(None), StrategyRow.creator_id == user_id)
    return list(await session.scalars(select(StrategyRow).where(mine).order_by(StrategyRow.key)))


async def find_row(session: ReadSession, named: str, *, lock: bool = False) -> StrategyRow | None:
    """The row of that id or key; `lock` holds it until the transaction ends."""
    is_id = named.isascii() and named.isdigit() and len(named) <= 18
    same = StrategyRow.id == int(named) if is_id else StrategyRow.key == named
    query = select(StrategyRow).where(same).execution_options(populate_existing=lock)
    found: StrategyRow | None = await session.scalar(query.with_for_update() if lock else query)
    return found


async def list_versions(session: ReadSession, strategy_id: int, *, limit: int) -> list[StrategyVersion]:
    """Newest first."""
    rows = select(StrategyVersion).where(StrategyVersion.strategy_id == strategy_id)
    return list(await session.scalars(rows.order_by(StrategyVersion.number.desc()).limit(limit)))


async def scheduled_rows(session: ReadSession) -> list[StrategyRow]:
    """Enabled strategies that run by themselves, by id."""
    rows = select(StrategyRow).where(StrategyRow.schedule_from.is_not(None), StrategyRow.enabled)
    return list(await session.scalars(rows.order_by(StrategyRow.id)))
