"""Rows come into being when a strategy is first asked for, and take a changed file over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.features.catalog import repository
from alphaloop.features.catalog.models import SourceKind
from alphaloop.features.catalog.schemas import StrategyFace
from alphaloop.infra.db import Database, WriteSession

OWN_PREFIX = "user:"
MADE_PREFIX = "my:"
_SOURCES = {"multi_factor": ["TECHNICAL", "FUNDAMENTAL"]}


async def shelve(db: Database, clock: Clock, faces: Sequence[StrategyFace]) -> None:
    """Make rows of strategies that have none, and take over files that changed; many may do this at once."""
    async with db.read() as session:
        known = await repository.code_hashes(session, [face.key for face in faces])
    missing = [face for face in faces if known.get(face.key) != face.code_hash]
    if missing:
        await db.transact(lambda session: _shelve(session, sorted(missing, key=lambda one: one.key), known, clock))


async def _shelve(session: WriteSession, faces: Sequence[StrategyFace], known: Mapping[str, str], clock: Clock) -> None:
    for face in faces:
        values = _values_of(face, clock.now())
        if face.key in known:
            await repository.renew(session, face.key, values, known_hash=known[face.key])
        elif await repository.add_row(session, values, changelog="") is None:
            # Somebody else made it just now, or a person gave its name to something of theirs.
            await repository.add_row(session, values | {"name": face.key}, changelog="")


def _values_of(face: StrategyFace, now: datetime) -> dict[str, Any]:
    own = face.key.startswith(OWN_PREFIX)
    kind = SourceKind.CHAN if face.category == "chan" else SourceKind.BUILTIN
    return {
        "key": face.key,
        "name": face.key if own else face.label.en[:128],
        "category": face.category,
        "description": face.summary.en,
        "enabled": True,
        "is_builtin": not own,
        "source_kind": SourceKind.CODE if own else kind,
        "creator_id": None,
        "base_key": None,
        "code_hash": face.code_hash,
        "default_params": {one.name: one.default for one in face.params},
        "current_params": None,
        "params_schema": [one.model_dump(mode="json") for one in face.params],
        "signal_sources": _SOURCES.get(face.category, ["TECHNICAL"]),
        "risk_profile": {},
        "auto_execute": False,
        "total_signals": 0,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
