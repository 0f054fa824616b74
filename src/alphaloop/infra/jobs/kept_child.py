"""A process kept for somebody's code and asked again and again: it can be ended at any moment, and nothing of ours lies
open to it.

Both sides write lines of JSON, so that no answer is more than data here. The child has an almost empty environment, a
limit of memory, and of processor time for every question; it goes when whoever started it is gone."""

import asyncio
import contextlib
import importlib
import json
import os
import resource
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any

from alphaloop.core.errors import AlphaLoopError, InvalidError

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")
_MB = 1 << 20
_LINE = 4 * _MB


class ChildGoneError(InvalidError):
    """The process ended without a word: whoever knows what it was told may start another."""

    def __init__(self) -> None:
        super().__init__("The strategy's process ended without a word.", code="child_failed")


class KeptChild:
    """One process that answers one question at a time. After a deadline or a broken answer it is ended for good."""

    def __init__(self, process: Process) -> None:
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
        # The compiler's cache is the one thing of our settings that a child needs.
        kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("NUMBA_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _program(), target, str(memory_mb)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=kept,
            limit=_LINE,
            start_new_session=True,
        )
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
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"deadline_s": deadline_s, "question": question}).encode() + b"\n"
        try:
            async with asyncio.timeout(deadline_s):
                self._process.stdin.write(line)
                await self._process.stdin.drain()
                answer = await self._process.stdout.readline()
            if not answer:
                raise ConnectionError
            said = json.loads(answer)
        except TimeoutError:
            await self.close()
            raise InvalidError(f"The strategy took longer than {deadline_s:g} s.", code="child_deadline") from None
        except OSError:
            await self.close()
            raise ChildGoneError from None
        except ValueError:
            await self.close()
            raise InvalidError("The strategy's process did not keep to its words.", code="child_failed") from None
        except asyncio.CancelledError:
            # A question without its answer would be answered at the next one.
            await self.close()
            raise
        if "refused" in said:
            message, code, fields = said["refused"]
            raise InvalidError(message, code=code, fields=tuple((one, why) for one, why in fields))
        return said["done"]

    async def close(self) -> None:
        """End the process, with everything that it started."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()


def _program() -> str:
    """Finds modules where we do, whatever the folder it is started in holds."""
    places = [place for place in sys.path if os.path.isabs(place)]
    return f"import sys; sys.path[:] = {places!r}; from {__name__} import main; main()"


def main() -> None:
    """In the child: answer line by line until there are no more."""
    target, memory_mb = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What the code prints is not an answer.
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * _MB, memory_mb * _MB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, _, name = target.partition(":")
    answer: Any = None
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        _allow(asked["deadline_s"])
        try:
            if answer is None:
                answer, said = getattr(importlib.import_module(module), name)(asked["question"])
            else:
                said = answer(asked["question"])
            told = {"done": said}
        except AlphaLoopError as error:
            told = _refusal(error)
        except MemoryError:
            told = _refusal(InvalidError(f"The strategy needs more than {memory_mb} MB.", code="child_memory"))
        except Exception as error:
            text = (f"{type(error).__name__}: {error}".splitlines() or [""])[0][:200]
            told = _refusal(InvalidError(f"The strategy failed: {text}", code="child_failed"))
        answers.write(json.dumps(told).encode() + b"\n")


def _allow(deadline_s: float) -> None:
    """Processor time for one question, of all threads together: a loop ends even when nobody is left to end it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + 4 * deadline_s) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _refusal(error: AlphaLoopError) -> dict[str, Any]:
    return {"refused": [error.message, error.code, [list(field) for field in error.fields]]}
