"""A person's own strategy files as the catalogue shows them. They are read in a process of their own: whatever such a
file does when it is imported, it does not do here."""

import asyncio
from pathlib import Path
from typing import Any

from alphaloop.core.errors import AlphaLoopError, InvalidError
from alphaloop.features.catalog.schemas import BrokenFile, StrategyFace
from alphaloop.infra.jobs.child import Report, in_child

TARGET = f"{__name__}:describe"
DEADLINE_S = 30.0
MEMORY_MB = 4096
AT_ONCE = 4


class OwnShelf:
    """What lies in the folder, read again when a file of it changed; one reading at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._state: tuple[tuple[str, int, int], ...] = ()
        self._found: tuple[list[StrategyFace], list[BrokenFile]] = ([], [])
        self._lock = asyncio.Lock()

    async def read(self) -> tuple[list[StrategyFace], list[BrokenFile]]:
        """(strategies by key, files that are none and why)."""
        async with self._lock:
            state = await asyncio.to_thread(self._look)
            if state != self._state:
                self._found = await self._describe(state)
                self._state = state
            return self._found

    def _look(self) -> tuple[tuple[str, int, int], ...]:
        stats = ((path.stem, path.stat()) for path in sorted(self._folder.glob("*.py")))
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)

    async def _describe(self, state: tuple[tuple[str, int, int], ...]) -> tuple[list[StrategyFace], list[BrokenFile]]:
        some = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(self._ask(name, some) for name, _, _ in state))
        views = [one for one in found if isinstance(one, StrategyFace)]
        return views, [one for one in found if isinstance(one, BrokenFile)]

    async def _ask(self, name: str, some: asyncio.Semaphore) -> StrategyFace | BrokenFile:
        args = {"folder": self._folder, "name": name}
        async with some:
            try:
                told = await in_child(TARGET, args, deadline_s=DEADLINE_S, memory_mb=MEMORY_MB, progress=_quiet)
            except InvalidError as error:
                return BrokenFile(file=f"{name}.py", message=error.message)
        return StrategyFace.model_validate(told)


def describe(args: dict[str, Any], report: Report) -> dict[str, Any]:
    """In the child: the view of one file as plain JSON."""
    from alphaloop.engine.own_files import PREFIX, is_name, load_own
    from alphaloop.features.catalog.faces import face_of

    if not is_name(args["name"]):
        raise InvalidError(
            "A strategy's file has small letters, digits and _ in its name, and begins with a letter.",
            code="bad_strategy",
        )
    try:
        return face_of(load_own(PREFIX + args["name"], args["folder"])).model_dump(mode="json")
    except AlphaLoopError:
        raise
    except Exception as error:
        # Labels and parameters are the file's own, and may be anything.
        raise InvalidError(f"{args['name']}.py: {error}".splitlines()[0][:200], code="bad_strategy") from error


async def _quiet(done: int, total: int, note: str) -> None:
    """Nobody waits for the progress of so little."""
