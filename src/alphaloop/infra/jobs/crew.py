"""Several processes that share one kind of work: how a job uses more than one core. They end with whoever made them."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Generic, TypeVar

from alphaloop.core.errors import AlphaLoopError, InvalidError

Item = TypeVar("Item")
Answer = TypeVar("Answer")


_ROUND_S = 0.7
_WORTH_S = 4.0
"""What must be left to do, in seconds on one core, before more processes are worth their start."""
_LARGEST = 512


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew(Generic[Item, Answer]):
    """`count` processes, each made ready by `setup(args)`; what that returns is handed to `work` with its items.

    `setup` and `work` are functions of a module, and everything they take and return can be pickled. Use it in `with`;
    nothing is started before the first `share`."""

    def __init__(
        self,
        setup: Callable[[Any], Any],
        work: Callable[[Any, list[Item]], list[Answer]],
        args: Any,
        *,
        count: int,
    ) -> None:
        self._setup, self._work, self._args = setup, work, args
        self.count = max(count, 1)
        self._hands: list[tuple[SpawnProcess, Connection]] = []

    def __enter__(self) -> "Crew[Item, Answer]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process, line in self._hands:
            process.kill()
            process.join()
            line.close()
        self._hands = []

    def share(self, items: Sequence[Item]) -> list[Answer]:
        """One answer an item, in their order, whoever worked it out. InvalidError as `work` raised it, or
        'child_failed' when a process ended or something else went wrong."""
        hands = self._started()[: len(items)]
        for place, (_, line) in enumerate(hands):
            line.send(list(items[place :: len(hands)]))
        answers: list[Any] = [None] * len(items)
        for place, (_, line) in enumerate(hands):
            answers[place :: len(hands)] = _answer(line)
        return answers

    def _started(self) -> list[tuple[SpawnProcess, Connection]]:
        spawn = multiprocessing.get_context("spawn")
        while len(self._hands) < self.count:
            here, there = spawn.Pipe()
            process = spawn.Process(target=_serve, args=(there, self._setup, self._work, self._args), daemon=True)
            process.start()
            there.close()
            self._hands.append((process, here))
        return self._hands


class Rounds(Generic[Item, Answer]):
    """Rounds of work that take about as long each, so that there is news about every second; shared with a crew as soon
    as what is `left` to do is worth starting it. Until then `alone` does it here."""

    def __init__(self, crew: Crew[Item, Answer], alone: Callable[[list[Item]], list[Answer]], *, left: int) -> None:
        self._crew, self._alone, self._left = crew, alone, left
        self._together = False
        self._size = 8

    def size(self) -> int:
        """How many items suit the next round."""
        return self._size

    def run(self, items: list[Item]) -> list[Answer]:
        began = time.monotonic()
        found = self._crew.share(items) if self._together else self._alone(items)
        took = max(time.monotonic() - began, 1e-6)
        self._left -= len(items)
        if self._crew.count > 1 and not self._together and took / len(items) * self._left > _WORTH_S:
            self._together = True
        else:
            fitting = round(len(items) * _ROUND_S / took)
            self._size = min(max(fitting, self._crew.count), 2 * self._size, _LARGEST)
        return found


def _answer(line: Connection) -> list[Any]:
    try:
        word, value = line.recv()
    except (EOFError, ConnectionError):
        raise InvalidError("A process of the run ended without a word.", code="child_failed") from None
    if word == "refused":
        message, code, fields = value
        raise InvalidError(message, code=code, fields=fields)
    answers: list[Any] = value
    return answers


def _serve(
    line: Connection, setup: Callable[[Any], Any], work: Callable[[Any, list[Any]], list[Any]], args: Any
) -> None:
    ready = None
    while True:
        try:
            items = line.recv()
        except (EOFError, ConnectionError):
            return  # Nobody is left to work for.
        try:
            ready = setup(args) if ready is None else ready
            answer: tuple[str, Any] = ("done", work(ready, items))
        except AlphaLoopError as error:
            answer = ("refused", (error.message, error.code, tuple(error.fields)))
        except Exception as error:
            told = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            answer = ("refused", (f"The run failed: {told}", "child_failed", ()))
        try:
            line.send(answer)
        except ConnectionError:
            return
