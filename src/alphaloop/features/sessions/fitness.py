"""What a running session can follow: one instrument, prices alone, no option legs. Said before it begins."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.infra.jobs.child import Report, in_child

if TYPE_CHECKING:
    from alphaloop.engine.strategy import Strategy

# As in `engine/own_files`, which brings the numeric libraries along.
OWN = "user:"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
TARGET = f"{__name__}:judge"
DEADLINE_S = 60.0
MEMORY_MB = 4096


def is_own(key: str) -> bool:
    """Whether the strategy is a file of the person's own, which no process of ours imports."""
    return key.startswith(OWN)


def check_fit(strategy: "Strategy", params: Mapping[str, object]) -> None:
    """InvalidError when a session cannot run this strategy with these parameters."""
    if strategy.legs is not None:
        raise _unfit("A session cannot hold options yet; backtests can.", "options_not_in_sessions")
    if strategy.extras:
        names = ", ".join(strategy.extras)
        raise _unfit(f"A session sees prices alone, and this strategy needs {names}.", "inputs_not_in_sessions")
    if strategy.instruments > 1:
        raise _unfit("A session trades one instrument, and this strategy compares many.", "one_instrument_in_sessions")
    strategy.parse(params)


async def check_own(key: str, params: Mapping[str, Any], folder: Path) -> None:
    """The same for a file of one's own, judged in a process that can be ended. NotFoundError when it is not there."""
    name = key.removeprefix(OWN)
    if not _NAME.fullmatch(name) or not await asyncio.to_thread((folder / f"{name}.py").is_file):
        raise NotFoundError("There is no such strategy of your own.", code="unknown_strategy")
    args = {"key": key, "params": dict(params), "folder": folder}
    await in_child(TARGET, args, deadline_s=DEADLINE_S, memory_mb=MEMORY_MB, progress=_quiet)


def judge(args: dict[str, Any], report: Report) -> None:
    """In the child."""
    from alphaloop.engine.own_files import load_own

    check_fit(load_own(args["key"], args["folder"]), args["params"])


def _unfit(message: str, code: str) -> InvalidError:
    return InvalidError(message, code=code, fields=(("strategy", code),))


async def _quiet(done: int, total: int, note: str) -> None:
    """Nobody waits for the progress of so little."""
