"""What compiling means for a person who waits: a line that says so, and how long it took."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

# Less is over before a person wonders.
_LEAST_S = 0.5


@contextmanager
def compile_line(write: Callable[[str], Any] | None = None) -> "Iterator[_Watch | None]":
    """Say on `write` that code is being compiled and how long it took; by default on stderr, where a terminal or a
    notebook shows it."""
    if write is None:
        if not (sys.stderr.isatty() or "ipykernel" in sys.modules):
            yield None
            return
        write = _to_terminal
    from numba.core import event

    watch = _Watch(write)
    with event.install_listener("numba:compile", watch.listener(event)):
        yield watch
    watch.tell()


class _Watch:
    """Adds up the time of outermost compilations."""

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write, self._depth, self._began, self._spent, self._said = write, 0, 0.0, 0.0, False

    def listener(self, event: Any) -> Any:
        """A numba listener that reports here."""
        watch = self

        class Listener(event.Listener):  # type: ignore[misc]
            def on_start(self, _: Any) -> None:
                watch.start(perf_counter())

            def on_end(self, _: Any) -> None:
                watch.end(perf_counter())

        return Listener()

    def start(self, at: float) -> None:
        if self._depth == 0:
            self._began = at
        if not self._said:
            self._said = True
            self._write("Compiling, once …")
        self._depth += 1

    def end(self, at: float) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._spent += at - self._began

    def tell(self) -> None:
        if self._spent >= _LEAST_S:
            self._write(f"Compiled in {self._spent:.1f} s.")


def _to_terminal(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
