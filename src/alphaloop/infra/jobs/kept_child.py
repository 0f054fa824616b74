"""A process kept for somebody's code and asked again and again: it can be ended at any moment, and nothing of ours lies
open to it.

Both sides write lines of JSON, so that no answer is more than data here. The child has an almost empty environment, a
limit of memory, and of processor time for every question; it goes when whoever started it is gone."""

import asyncio
import importlib
import json
import os
import resource
import signal
import sys
import threading
import time
from functools import partial
from typing import Any

from alphaloop.core.errors import InvalidError
from alphaloop.infra.jobs.child import little_environment
from alphaloop.infra.jobs.led_process import LedProcess
from alphaloop.infra.jobs.words import answer_of, refused, said_in, unkept

_MB = 1 << 20
_LINE = 4 * _MB


class ChildGoneError(InvalidError):
    """The process ended without a word: whoever knows what it was told may start another."""

    def __init__(self) -> None:
        super().__init__("The strategy's process ended without a word.", code="child_failed")


class KeptChild:
    """One process that answers one question at a time. After a deadline or a broken answer it is ended for good."""

    def __init__(self, process: LedProcess) -> None:
        self._process = process
        self.greeting: Any = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, target: str, args: dict[str, Any], *, deadline_s: float, memory_mb: int) -> "KeptChild":
        """A process in which `target` ("module:function") has made of `args` the function that answers, and the
        `greeting`.

        InvalidError as that function raised it, or 'child_deadline', 'child_memory', 'child_failed'."""
        given = (target, str(memory_mb))
        process = await LedProcess.start(__name__, *given, environment=little_environment(), line_max=_LINE, quiet=True)
        child = cls(process)
        try:
            child.greeting = await child.ask(args, deadline_s=deadline_s)
        except BaseException:
            await child.close()
            raise
        return child

    async def ask(self, question: dict[str, Any], *, deadline_s: float) -> Any:
        """What the child answers; InvalidError as it raised it, 'child_deadline' when it took longer, and
        ChildGoneError when it is gone."""
        line = json.dumps({"deadline_s": deadline_s, "question": question}).encode() + b"\n"
        try:
            async with asyncio.timeout(deadline_s):
                self._process.told.write(line)
                await self._process.told.drain()
                answer = await self._process.said.readline()
            if not answer:
                raise ConnectionError
            said = said_in(answer)
        except TimeoutError:
            await self.close()
            raise InvalidError(f"The strategy took longer than {deadline_s:g} s.", code="child_deadline") from None
        except OSError:
            await self.close()
            raise ChildGoneError from None
        except (InvalidError, ValueError):
            await self.close()
            raise unkept() from None
        except asyncio.CancelledError:
            # A question without its answer would be answered at the next one.
            await self.close()
            raise
        match said:
            case {"done": done}:
                return done
            case {"refused": why}:
                raise refused(why)
        await self.close()
        raise unkept()

    async def close(self) -> None:
        """End the process, with everything that it started."""
        await self._process.end()


def main() -> None:
    """In the child: answer line by line until there are no more."""
    target, memory_mb = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What the code prints is not an answer.
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * _MB, memory_mb * _MB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    answer: Any = None

    def begin(question: Any) -> Any:
        nonlocal answer
        module, _, name = target.partition(":")
        answer, greeting = getattr(importlib.import_module(module), name)(question)
        return greeting

    for line in sys.stdin.buffer:
        asked = json.loads(line)
        _allow(asked["deadline_s"])
        work = partial(begin if answer is None else answer, asked["question"])
        answers.write(answer_of(work, memory_mb=memory_mb))


def _end_with(starter: int) -> None:
    """Go with whoever started us, also in the middle of an answer that never ends."""
    while os.getppid() == starter:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


def _allow(deadline_s: float) -> None:
    """Processor time for one question, of all threads together: a loop ends even when nobody is left to end it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + 4 * deadline_s) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
