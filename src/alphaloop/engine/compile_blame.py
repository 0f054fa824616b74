"""Numba's refusals in a person's own words and lines.

`manage` and whatever a strategy compiles itself become machine code on first use; what cannot is told by numba in
pages, of which one line is the person's.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import unwrap
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
from numba import njit

from alphaloop.core.errors import AlphaLoopError, InvalidError
from alphaloop.engine.panel import make_panel, make_series
from alphaloop.engine.sim_book import Held
from alphaloop.engine.simulate import MEMORY, plain_params, view_of
from alphaloop.engine.strategy import Strategy

# Lines of a refusal that say where numba looked, not what is wrong.
_PLACES: tuple[str, ...] = (
    "Failed in ",
    "During:",
    "File ",
    "- ",
    "This error may",
    "Enable logging",
    "<source",
    "There are ",
    "Overload",
)
_PLACES += ("No implementation", "With argument")
# A search runs one function many times: what has compiled once is not tried again.
_compiled: WeakSet[Any] = WeakSet()
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CAUSE = re.compile(r"Numba\w*Error: (.+)")
_UNKNOWN = re.compile(r"NameError: name '(\w+)'")


@contextmanager
def blaming(strategy: Strategy) -> Iterator[None]:
    """Turn a compiler's refusal of the strategy's own file into InvalidError 'strategy_failed' that names the line."""
    try:
        yield
    except Exception as error:
        path = source_of(strategy)
        told = None if path is None else compile_fault(error, path)
        if told is None:
            raise
        raise InvalidError(told, code="strategy_failed") from error


def try_manage(strategy: Strategy, params: Any) -> None:
    """Compile `manage` alone, which takes moments, before the pass around it is, which takes far longer.

    InvalidError 'strategy_failed' names the line that numba refuses."""
    if strategy.manage is None or hasattr(strategy.manage, "py_func") or strategy.manage in _compiled:
        return
    one = np.ones(1)
    view = view_of(make_panel(make_series("A", np.zeros(1, dtype=np.int64), one, one, one, one, one)))
    held = Held(0, 0.0, 0.0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, np.zeros(MEMORY))
    compiled: Any = njit(strategy.manage)
    with blaming(strategy):
        # As many types as the pass hands over, and not one value: nothing runs.
        compiled.compile(tuple(compiled.typeof_pyval(given) for given in (0, view, held, plain_params(params))))
    _compiled.add(strategy.manage)


def source_of(strategy: Strategy) -> Path | None:
    """The file that the strategy was written in."""
    for function in (strategy.manage, strategy.evaluate):
        inner: Any = getattr(function, "py_func", function)
        plain: Any = unwrap(inner)
        if hasattr(plain, "__code__"):
            return Path(plain.__code__.co_filename)
    return None


def compile_fault(error: BaseException, path: Path) -> str | None:
    """The person's line and what numba says about it, in one sentence; None when no compiler refused the file."""
    refusal: BaseException | None = error
    while refusal is not None and not type(refusal).__module__.startswith("numba.core.errors"):
        refusal = refusal.__cause__ if isinstance(refusal, AlphaLoopError) else None
    if refusal is None:
        return None
    text = _COLOUR.sub("", str(refusal))
    # The innermost place is told first.
    found = re.search(rf"{re.escape(path.name)}\"?(?:, line | \()(\d+)", text)
    line = int(found[1]) if found else _line_of_unknown(text, path)
    where = path.name if line is None else f"{path.name}, line {line}"
    return f"{where}: cannot be compiled: {_gist(text)}"


def _line_of_unknown(text: str, path: Path) -> int | None:
    """Where a name stands that numba does not know: it says which, but not where."""
    name = _UNKNOWN.search(text)
    if name is None or not path.is_file():
        return None
    word = re.compile(rf"\b{name[1]}\b")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((number for number, line in enumerate(lines, 1) if word.search(line)), None)


def _gist(text: str) -> str:
    """The sentence of a compiler's message that says what is wrong."""
    cause = _CAUSE.search(text)
    plain = [line.strip() for line in text.splitlines()]
    told = [line for line in plain if line and not line.startswith(_PLACES) and set(line) - set("-^~ >")]
    gist = cause[1] if cause else told[0] if told else "numba refuses it"
    return gist.removeprefix(">>> ").rstrip(": ")[:200]
