"""A session's strategy that is somebody's own file: it runs in a process of its own, which may be lost at any moment.

Everything that process knows is the anchored series and eight numbers, so another one is told them again and goes on
where the first was lost: nothing is missed and nothing happens twice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Desired, Sizing
from alphaloop.engine.panel import Floats
from alphaloop.engine.simulate import Held
from alphaloop.features.sessions.runner import Prices, Runner
from alphaloop.infra.jobs.kept_child import ChildGoneError, KeptChild
from alphaloop.infra.jobs.words import storable

TARGET = f"{__name__}:host"
OPEN_S = 60.0
"""For a process to start, compile and hear the series so far."""
ANSWER_S = 10.0
MEMORY_MB = 4096
_NUMBER_MAX = 1e15

Row = list[Any]


class ForeignRunner:
    """The same as `Runner`, at arm's length."""

    def __init__(
        self, key: str, folder: Path, params: Mapping[str, Any], *, instrument: str, start_ts: int, memory: list[float]
    ) -> None:
        self._args = {
            "key": key,
            "folder": str(folder.absolute()),
            "params": dict(params),
            "instrument": instrument,
            "start_ts": start_ts,
        }
        self._rows: list[Row] = []
        self._told = 0
        self._child: KeptChild | None = None
        self.manages = False
        self.memory = np.array([*memory, *([0.0] * (8 - len(memory)))][:8])

    async def open(self) -> None:
        """Start its process. InvalidError names the line of the file that is wrong."""
        args = {**self._args, "memory": self.memory.tolist()}
        self._child = await KeptChild.start(TARGET, args, deadline_s=OPEN_S, memory_mb=MEMORY_MB)
        self._told = 0
        self.manages = bool(self._child.greeting["manages"])

    def append(self, *, ts_ms: int, close_ms: int, prices: Prices, passed: Sequence[CorporateAction] = ()) -> None:
        """Take one closed bar; the process hears of it when it is next asked."""
        actions = [{name: str(value) for name, value in asdict(action).items()} for action in passed]
        self._rows.append([ts_ms, close_ms, list(prices), actions])

    async def wanted(self, held: Held | None) -> Desired | None:
        """What the strategy wants at the newest bar. A process that was lost is replaced once.

        InvalidError with the file's line when it raised, 'child_deadline' when it would not end."""
        try:
            return await self._ask(held)
        except ChildGoneError:
            await self.open()
            return await self._ask(held)

    async def close(self) -> None:
        if self._child is not None:
            await self._child.close()

    async def _ask(self, held: Held | None) -> Desired | None:
        if self._child is None:
            await self.open()
        assert self._child is not None
        fresh = self._rows[self._told :]
        known = None if held is None else {**held._asdict(), "mem": held.mem.tolist()}
        question = {"rows": fresh, "held": known}
        said = await self._child.ask(question, deadline_s=ANSWER_S if self._told else OPEN_S)
        self._told = len(self._rows)
        try:
            self.memory, desired = _memory(said["memory"]), said["desired"]
            return None if desired is None else _desired(desired)
        except (KeyError, TypeError, ValueError, OverflowError):
            # Its answers are its code's own, and nothing unreadable may reach the turn in which others trade.
            raise InvalidError("The strategy's answer cannot be kept.", code="bad_signals") from None


def host(args: dict[str, Any]) -> tuple[Callable[[dict[str, Any]], dict[str, Any]], dict[str, Any]]:
    """In the child: the function that answers for one session, and what is to be known of it."""
    from alphaloop.engine.own_files import load_own
    from alphaloop.features.sessions.fitness import check_fit

    strategy = load_own(args["key"], Path(args["folder"]))
    check_fit(strategy, args["params"])
    runner = Runner(
        strategy,
        args["params"],
        instrument=args["instrument"],
        start_ts=args["start_ts"],
        memory=args["memory"],
    )

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        for ts_ms, close_ms, (o, h, low, c, v), passed in asked["rows"]:
            runner.append(
                ts_ms=ts_ms, close_ms=close_ms, prices=(o, h, low, c, v), passed=[_action(one) for one in passed]
            )
        desired = runner.desired(None if asked["held"] is None else _held(asked["held"]))
        return {"desired": None if desired is None else asdict(desired), "memory": runner.memory.tolist()}

    return answer, {"manages": runner.manages}


def _held(told: dict[str, Any]) -> Held:
    return Held(**{**told, "mem": np.array(told["mem"])})


def _action(told: dict[str, str]) -> CorporateAction:
    numbers = {name: Decimal(text) for name, text in told.items() if name != "ex_date"}
    return CorporateAction(date.fromisoformat(told["ex_date"]), **numbers)


def _memory(told: list[Any]) -> Floats:
    made = np.array([float(one) for one in told], dtype=np.float64)
    if made.shape != (8,) or not np.isfinite(made).all():
        raise ValueError
    return made


def _desired(told: dict[str, Any]) -> Desired:
    def number(name: str) -> float | None:
        value = None if told[name] is None else float(told[name])
        if value is not None and not abs(value) <= _NUMBER_MAX:
            raise ValueError
        return value

    return Desired(
        target=number("target"),
        sizing=Sizing(told["sizing"]),
        episode=_episode(told["episode"]),
        stop=number("stop"),
        take=number("take"),
        trail=number("trail"),
        strength=number("strength"),
        reason=storable(str(told["reason"]), 200),
    )


def _episode(told: Any) -> int:
    if not isinstance(told, int) or not 0 <= told < 2**53:
        raise ValueError
    return told
