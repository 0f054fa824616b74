"""A Celery worker in a process of its own that writes down what it runs, and two that are careless on purpose."""

import asyncio
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import update

from alphaloop.core.clock import SystemClock
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.celery import loop_beside, make_celery, run_on, serve
from alphaloop.infra.jobs.local import JobContext, LocalWorker
from alphaloop.infra.jobs.models import JobRow, JobStatus


class Book:
    """A job's body: it writes that it began, waits until the gate is open, and writes that it ended."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __call__(self, context: JobContext) -> dict[str, Any]:
        self._write("began")
        while not (self._folder / "gate").exists():  # noqa: ASYNC110  the gate is opened by another process
            await asyncio.sleep(0.02)
        self._write("ended")
        return {"done": True}

    def _write(self, word: str) -> None:
        with (self._folder / "book").open("a") as file:
            file.write(f"{word}\n")


class Unleased(LocalWorker):
    """Says it is done before it has begun, as who acknowledges early does."""

    async def run_one(self, job_id: int | None = None) -> bool:
        async with self._db.write() as session:
            await session.execute(update(JobRow).where(JobRow.id == job_id).values(status=JobStatus.DONE))
        await self._handlers["tests.book"](JobContext(self._db, self._clock, job_id or 0, None, {}, holder=""))
        return True


class Unclaimed(LocalWorker):
    """Runs whatever it is told, without asking the row."""

    async def run_one(self, job_id: int | None = None) -> bool:
        await self._handlers["tests.book"](JobContext(self._db, self._clock, job_id or 0, None, {}, holder=""))
        return True


KINDS = {"careful": LocalWorker, "unleased": Unleased, "unclaimed": Unclaimed}


def main(kind: str, database: str, broker: str, folder: str) -> None:
    async def make() -> LocalWorker:
        return KINDS[kind](Database(database), SystemClock(), {"tests.book": Book(Path(folder))}, holder=kind)

    loop, _ = loop_beside()
    serve(make_celery(broker), run_on(loop, make()), loop, at_once=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
