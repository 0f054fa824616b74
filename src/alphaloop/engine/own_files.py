"""Strategies that a person keeps as files of their own: found by name, and every mistake told with the file's line."""

import dataclasses
import functools
import hashlib
import inspect
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from alphaloop.core.errors import AlphaLoopError, InvalidError, NotFoundError, TimeUpError
from alphaloop.core.plugins import load_file
from alphaloop.engine.panel import Panel
from alphaloop.engine.strategy import Signals, Strategy, check_signals, load_strategy, strategy_from_module

Result = TypeVar("Result")

PREFIX = "user:"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def is_name(text: str) -> bool:
    """Whether a file of that name (without .py) can be a strategy."""
    return _NAME.fullmatch(text) is not None


def own_keys(folder: Path) -> list[str]:
    """Keys of the strategies in a folder, such as 'user:my_idea' for my_idea.py, sorted; no folder holds none."""
    return sorted(PREFIX + path.stem for path in folder.glob("*.py") if is_name(path.stem))


def load_own(key: str, folder: Path) -> Strategy:
    """The strategy of that key from the folder, read anew at each call.

    NotFoundError 'unknown_strategy'; InvalidError 'bad_strategy' names the line of the file that is wrong."""
    name = key.removeprefix(PREFIX)
    path = folder / f"{name}.py"
    if not key.startswith(PREFIX) or not is_name(name) or not path.is_file():
        known = ", ".join(own_keys(folder))
        raise NotFoundError(f"There is no such strategy of your own. Known: {known}.", code="unknown_strategy")
    return load_path(path, key=key)


def strategy_named(named: str | Path) -> Strategy:
    """The strategy of a key of the library, or the one in a Python file, as people write it on a command line."""
    if isinstance(named, str) and not named.endswith(".py"):
        return load_strategy(named)
    path = Path(named).absolute()
    if not path.is_file():
        raise NotFoundError(f"There is no file {path.name}.", code="no_such_file")
    return load_path(path)


def load_path(path: Path, *, key: str | None = None) -> Strategy:
    """The strategy written in one file. InvalidError 'bad_strategy' names the line that is wrong."""
    source = path.read_bytes()
    # Dataclasses look their module up by name, and two states of a file must not share one.
    name = f"alphaloop_own_{path.stem}_{hashlib.sha256(source).hexdigest()[:12]}"
    if name not in sys.modules:
        try:
            load_file(path, name)
        except AlphaLoopError:
            raise
        except (Exception, SystemExit) as error:
            raise _refusal(error, path, "bad_strategy") from error
    strategy = strategy_from_module(key or PREFIX + path.stem, sys.modules[name])
    return dataclasses.replace(
        strategy,
        warmup=_blaming(strategy.warmup, path),
        needs=_blaming(strategy.needs, path),
        evaluate=_checking(_blaming(strategy.evaluate, path), path),
        source_hash=hashlib.sha256(source).hexdigest(),
    )


def _blaming(function: Callable[..., Result], path: Path) -> Callable[..., Result]:
    @functools.wraps(function)
    def called(*given: Any) -> Result:
        try:
            return function(*given)
        except AlphaLoopError:
            raise
        except Exception as error:
            raise _refusal(error, path, "strategy_failed") from error

    return called


def _checking(evaluate: Callable[..., Signals], path: Path) -> Callable[..., Signals]:
    # A wrong answer raises nowhere in the file, so the line is where the function that gave it begins.
    where = f"{path.name}, line {inspect.unwrap(evaluate).__code__.co_firstlineno}"

    @functools.wraps(evaluate)
    def called(panel: Panel, params: Any) -> Signals:
        answer = evaluate(panel, params)
        if not isinstance(answer, Signals):
            told = f"{where}: evaluate answers with {type(answer).__name__}, not with Signals."
            raise InvalidError(told, code="bad_signals")
        try:
            return check_signals(answer, panel)
        except InvalidError as error:
            raise InvalidError(f"{where}: {error.message}", code=error.code) from None

    return called


def _refusal(error: BaseException, path: Path, code: str) -> InvalidError:
    return InvalidError(blame(error, path), code="child_deadline" if isinstance(error, TimeUpError) else code)


def blame(error: BaseException, path: Path) -> str:
    """What went wrong and in which line of the person's own file, in one sentence."""
    named = "" if isinstance(error, TimeUpError) else f"{type(error).__name__}: "
    told = f"{named}{error}".rstrip(": ").splitlines()[0][:200]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path.name}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path.name}, line {lines[-1]}: {told}" if lines else f"{path.name}: {told}"
