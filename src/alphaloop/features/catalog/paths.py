"""How a strategy stands in an address, by its id or by its key, which may hold one slash; and that what is asked for
there has a row."""

import asyncio
from typing import Annotated

from fastapi import Depends
from starlette.convertors import Convertor, register_url_convertor

from alphaloop.features.catalog import service
from alphaloop.features.catalog.faces import library_faces
from alphaloop.features.catalog.own import OwnShelf
from alphaloop.features.catalog.schemas import BrokenFile, StrategyFace, StrategyKey
from alphaloop.infra.http.doors import Asking, Wired, Wiring


class StrategyConvertor(Convertor[str]):
    """`7`, `chan/multi_level`, `user:my_idea`, `my:0a1b2c`; what follows (`/runs`) is not taken for part of it."""

    regex = r"[0-9]{1,18}|[a-z][a-z0-9_]*/[a-z][a-z0-9_]*|[a-z]+:[a-z0-9_]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("strategy", StrategyConvertor())

Named = StrategyKey
"""Id or key of a strategy, as a path parameter `{key:strategy}`."""

Faces = tuple[dict[str, StrategyFace], list[BrokenFile]]


async def shelved(wiring: Wired, actor: Asking) -> Faces:
    """(every strategy's file by key, files that are none), each strategy with a row from here on."""
    actor.require("strategy.read")
    own, broken = await _shelf(wiring).read()
    faces = [*await asyncio.to_thread(library_faces), *own]
    await service.shelve(wiring.db, wiring.clock, faces)
    return {face.key: face for face in faces}, broken


Shelved = Annotated[Faces, Depends(shelved)]


def _shelf(wiring: Wiring) -> OwnShelf:
    shelf: OwnShelf = wiring.parts.setdefault(OwnShelf, OwnShelf(wiring.settings.strategies_dir))
    return shelf
