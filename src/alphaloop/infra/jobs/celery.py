"""Jobs over several machines: Celery on Redis carries a job's number, and the job's row stays the truth.

A message says no more than "look at this job": whoever gets it claims the row under the same lease as the platform's
own worker, or finds that there is nothing to claim. So a message may be lost, doubled or late, and a worker may be
killed in the middle: the sender looks at the rows and tells again."""

import asyncio
import contextlib
import threading
from collections.abc import Collection
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from loguru import logger

from alphaloop.core.clock import Clock
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import LocalWorker, waiting_jobs

TASK = "alphaloop.job"
_AGAIN_S = 60.0
"""A job that nobody has claimed after this long is told again, then after twice as long, and so on."""
_SENT_MAX = 500


def make_celery(broker_url: str, *, queue: str = "alphaloop") -> Celery:
    """A Celery application that only carries numbers: late acknowledgement, nothing fetched ahead, no results."""
    app = Celery("alphaloop", broker=broker_url)
    app.conf.update(
        task_default_queue=queue,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        # A message that was not acknowledged in time comes again, and finds its job running or done.
        broker_transport_options={"visibility_timeout": 3600, "socket_connect_timeout": 5, "socket_timeout": 10},
    )
    return app


class Sender:
    """Tells Celery of every job of these kinds that can be claimed, also of those whose worker died."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        app: Celery,
        kinds: Collection[str],
        *,
        poll_s: float = 1.0,
        again_s: float = _AGAIN_S,
    ) -> None:
        self._db, self._clock, self._app, self._kinds = db, clock, app, list(kinds)
        self._poll_s, self._again_s = poll_s, again_s
        # By job: when to tell of it again, and how long after that.
        self._told: dict[int, tuple[float, float]] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.send_waiting()
            except (OperationalError, OSError) as error:
                # The rows wait; the next look finds them all again.
                logger.error("jobs cannot be handed to Celery: {}", error)
            except Exception:
                # So it is with a database that is away for a moment.
                logger.exception("looking for jobs to hand to Celery failed")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._poll_s)

    async def send_waiting(self) -> list[int]:
        """Tell of the jobs that wait and have not been told of lately; returns their numbers."""
        now = self._clock.now()
        async with self._db.read() as session:
            waiting = list(await session.scalars(waiting_jobs(self._kinds, now).limit(_SENT_MAX)))
        self._told = {job_id: self._told[job_id] for job_id in waiting if job_id in self._told}
        due = [job_id for job_id in waiting if self._told.get(job_id, (0.0, 0.0))[0] <= now.timestamp()]
        for job_id in due:
            await asyncio.to_thread(self._app.send_task, TASK, args=[job_id], retry=False)
            pause = 2 * self._told[job_id][1] if job_id in self._told else self._again_s
            self._told[job_id] = (now.timestamp() + pause, pause)
        return due


def serve(app: Celery, worker: LocalWorker, loop: asyncio.AbstractEventLoop, *, at_once: int) -> int:
    """Serve messages in this thread until told to stop; returns Celery's exit code.

    `worker` claims and runs the jobs on `loop`, which another thread drives; up to `at_once` of them at a time. They
    are heavy in processes of their own, so threads are enough here."""

    def look_at(job_id: int) -> None:
        run_on(loop, worker.run_one(job_id))

    app.task(look_at, name=TASK)
    options = ["--pool=threads", f"--concurrency={at_once}", "--loglevel=warning", "--without-gossip"]
    app.worker_main(["worker", *options, "--without-mingle", "--without-heartbeat"])
    return 0


def loop_beside() -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    """An event loop that runs in a thread of its own until it is stopped."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    return loop, thread


def run_on(loop: asyncio.AbstractEventLoop, work: Any) -> Any:
    """What a coroutine returns that runs on that loop."""
    return asyncio.run_coroutine_threadsafe(work, loop).result()
