"""The heavy or foreign part of a job, in a process of its own: it can be ended, and nothing of ours lies open to it.

The child gets an almost empty environment, a limit of memory and of processor time, and a deadline; what it returns
comes back through a pipe. It still reads files as the user who runs the platform does. It leads a process group of its
own: whatever it started ends with it, and it ends with us, however we end."""

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from alphaloop.core.errors import AlphaLoopError, InvalidError

Report = Callable[[int, int, str], None]
"""Called by the child's function: done, total, a short note."""


class Teller:
    """The Report a child's function is given; `part` sends something ahead of the answer, for good."""

    def __init__(self, there: Connection) -> None:
        self._there = there

    def __call__(self, done: int, total: int, note: str) -> None:
        self._there.send(("progress", (done, total, note)))

    def part(self, value: Any) -> None:
        self._there.send(("part", value))


_LOOK_S = 0.25
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")
_MB = 1 << 20


async def in_child(
    target: str,
    args: dict[str, Any],
    *,
    deadline_s: float,
    memory_mb: int,
    progress: Callable[[int, int, str], Awaitable[None]],
    on_part: Callable[[Any], Awaitable[None]] | None = None,
) -> Any:
    """What `target` ("module:function") returns for `args` and a Teller. `progress` is awaited at least once a second,
    with the child's last word, and `on_part` with everything it sends ahead, in order; whatever they raise ends the
    child and all that it started.

    InvalidError: as the function raised it, or 'child_deadline', 'child_memory', 'child_failed'."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    # Its other end closes when this process ends, by whatever means; a daemon could have no children of its own.
    watched, held = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_run, args=(there, watched, target, args, deadline_s, memory_mb))
    process.start()
    there.close()
    watched.close()
    try:
        return await _listen(here, deadline_s, progress, on_part)
    finally:
        _end(process)
        await asyncio.to_thread(process.join)
        process.close()
        here.close()
        held.close()


def _end(process: SpawnProcess) -> None:
    # Before it is waited for: until then nobody else can have its number, nor its group's.
    if process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


async def _listen(
    here: Connection,
    deadline_s: float,
    progress: Callable[[int, int, str], Awaitable[None]],
    on_part: Callable[[Any], Awaitable[None]] | None,
) -> Any:
    began = told = time.monotonic()
    last = (0, 0, "")
    while True:
        word, value = await asyncio.to_thread(_next_word, here)
        if word == "done":
            return value
        if word == "refused":
            message, code, fields = value
            raise InvalidError(message, code=code, fields=fields)
        if word == "progress":
            last = value
        if word == "part" and on_part is not None:
            await on_part(value)
        now = time.monotonic()
        if now - began > deadline_s:
            raise InvalidError(f"The run took longer than {deadline_s:g} s and was ended.", code="child_deadline")
        if word == "progress" or now - told > 1.0:
            told = now
            await progress(*last)


def _next_word(here: Connection) -> tuple[str, Any]:
    """What the child said, or ("", None) when it said nothing for a while."""
    try:
        said: tuple[str, Any] = here.recv() if here.poll(_LOOK_S) else ("", None)
    except EOFError:
        raise InvalidError("The run ended without a word.", code="child_failed") from None
    return said


def _run(
    there: Connection, watched: Connection, target: str, args: dict[str, Any], deadline_s: float, memory_mb: int
) -> None:
    os.setsid()
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()
    _shut_in(deadline_s, memory_mb)
    module, _, name = target.partition(":")
    report = Teller(there)
    try:
        answer = ("done", getattr(importlib.import_module(module), name)(args, report))
    except AlphaLoopError as error:
        answer = _refusal(error)
    except MemoryError:
        answer = _refusal(InvalidError(f"The run needs more than {memory_mb} MB.", code="child_memory"))
    except Exception as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        answer = _refusal(InvalidError(f"The run failed: {told}", code="child_failed"))
    there.send(answer)


def _end_with(watched: Connection) -> None:
    """Wait until whoever started us is gone, then go, with everything we started."""
    with contextlib.suppress(EOFError, OSError):
        watched.recv()
    os.killpg(0, signal.SIGKILL)


def _refusal(error: AlphaLoopError) -> tuple[str, Any]:
    return ("refused", (error.message, error.code, tuple(error.fields)))


def _shut_in(deadline_s: float, memory_mb: int) -> None:
    # The compiler's cache is the one thing of our settings that a child needs.
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("NUMBA_")}
    os.environ.clear()
    os.environ.update(kept)
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * _MB, memory_mb * _MB))
    seconds = int(deadline_s * 4) + 1  # of all its threads together
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
