"""The heavy or foreign part of a job, in a process of its own: it can be ended, and nothing of ours lies open to it.

The child gets an almost empty environment, a limit of memory and of processor time, and a deadline; what it returns
comes back as lines of JSON, so that no answer is more than data here. It still reads files as the user who runs the
platform does. It leads a process group of its own: whatever stays in it ends with it, and it ends with us, however we
end."""

import asyncio
import contextlib
import importlib
import os
import pickle
import resource
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO

from alphaloop.core.errors import InvalidError, TimeUpError
from alphaloop.infra.jobs.led_process import LedProcess
from alphaloop.infra.jobs.words import answer_of, as_line, progress_in, refused, said_in, unkept

Report = Callable[[int, int, str], None]
"""Called by the child's function: done, total, a short note."""


class Teller:
    """The Report a child's function is given; `part` sends something ahead of the answer, for good."""

    def __init__(self, there: BinaryIO) -> None:
        self._there = there

    def __call__(self, done: int, total: int, note: str) -> None:
        self._there.write(as_line({"progress": [done, total, note]}))

    def part(self, value: Any) -> None:
        self._there.write(as_line({"part": value}))


_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")
_LOOK_S = 0.25
_MB = 1 << 20
_LINE = 128 * _MB
"""The longest answer: a report with half a million trades."""


async def in_child(
    target: str,
    args: dict[str, Any],
    *,
    deadline_s: float,
    memory_mb: int,
    progress: Callable[[int, int, str], Awaitable[None]],
    on_part: Callable[[Any], Awaitable[None]] | None = None,
) -> Any:
    """What `target` ("module:function") returns for `args` and a Teller, as plain JSON. `progress` is awaited about
    once a second, with the child's last word, and `on_part` with everything it sends ahead, in order; whatever they
    raise ends the child and all that it started.

    InvalidError: as the function raised it, or 'child_deadline', 'child_memory', 'child_failed'."""
    given = (target, str(deadline_s), str(memory_mb))
    process = await LedProcess.start(__name__, *given, environment=little_environment(), line_max=_LINE)
    try:
        return await _listen(process, args, deadline_s, progress, on_part)
    finally:
        await process.end()


def little_environment() -> dict[str, str]:
    """What a child finds in its environment from its first moment on: of our settings the place of the compiler's cache
    alone."""
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("NUMBA_")}


async def _listen(
    process: LedProcess,
    args: dict[str, Any],
    deadline_s: float,
    progress: Callable[[int, int, str], Awaitable[None]],
    on_part: Callable[[Any], Awaitable[None]] | None,
) -> Any:
    # It stays open: its end tells the child that we are gone.
    process.told.write(pickle.dumps(args))
    began, told, last, news = time.monotonic(), time.monotonic(), (0, 0, ""), False
    while True:
        word, value = await _next_word(process)
        if word == "progress":
            last, news = progress_in(value), True
        if word == "part" and on_part is not None:
            await on_part(value)
            told = began - 1.0  # whoever keeps the parts wants to know at once whether to go on
        now = time.monotonic()
        # However much the child says, it is told on a few times a second.
        if now - told > (_LOOK_S if news else 1.0) or (news and word in ("done", "refused")):
            told, news = now, False
            await progress(*last)
        if word == "done":
            return value
        if word == "refused":
            raise refused(value)
        if now - began > deadline_s:
            raise InvalidError(f"The run took longer than {deadline_s:g} s and was ended.", code="child_deadline")


async def _next_word(process: LedProcess) -> tuple[str, Any]:
    """What the child said, or ("", None) when it said nothing for a while."""
    try:
        async with asyncio.timeout(_LOOK_S):
            line = await process.said.readline()
    except TimeoutError:
        return "", None
    except ValueError:
        raise InvalidError(f"The run answered with more than {_LINE // _MB} MB.", code="child_failed") from None
    if not line.endswith(b"\n"):
        raise InvalidError("The run ended without a word.", code="child_failed")
    said = said_in(line)
    if not isinstance(said, dict) or len(said) != 1:
        raise unkept()
    [(word, value)] = said.items()
    return word, value


def main() -> None:
    """In the child: one question, and its answer."""
    target, deadline_s, memory_mb = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    there = os.fdopen(os.dup(1), "wb", buffering=0)
    # What the code prints is not an answer.
    os.dup2(2, 1)
    args = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_them, daemon=True).start()
    _shut_in(deadline_s, memory_mb)
    module, _, name = target.partition(":")
    there.write(
        answer_of(lambda: getattr(importlib.import_module(module), name)(args, Teller(there)), memory_mb=memory_mb)
    )


def _end_with_them() -> None:
    """Wait until whoever started us is gone, then go, with everything we started."""
    with contextlib.suppress(OSError):
        os.read(0, 1)
    os.killpg(0, signal.SIGKILL)


def _shut_in(deadline_s: float, memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * _MB, memory_mb * _MB))
    seconds = int(deadline_s * 4) + 1  # of all its threads together
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def time_is_up(number: int, frame: Any) -> None:
        raise TimeUpError(f"not done after {deadline_s:g} s")

    # A little before whoever waits for us gives up: Python code names its line then, compiled code is ended.
    signal.signal(signal.SIGALRM, time_is_up)
    signal.setitimer(signal.ITIMER_REAL, max(deadline_s * 0.9 - 0.5, 0.1))
