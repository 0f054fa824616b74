"""A child process does a job's work: its word comes back, its mistakes too, and it can always be ended."""

import time
from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.infra.jobs.child import Report, in_child
from alphaloop.infra.jobs.local import JobCancelledError

HERE = __name__


def answer(args: dict[str, Any], report: Report) -> Any:
    report(1, 2, "half")
    return {"got": args["n"] + 1}


def refuse(args: dict[str, Any], report: Report) -> Any:
    raise InvalidError("No.", code="no_way", fields=(("n", "no_way"),))


def raise_(args: dict[str, Any], report: Report) -> Any:
    raise RuntimeError("out of luck\nand more")


def devour(args: dict[str, Any], report: Report) -> Any:
    return len(b"x" * (4 << 30))


def die(args: dict[str, Any], report: Report) -> Any:
    import os

    os._exit(3)


def sleep(args: dict[str, Any], report: Report) -> Any:
    time.sleep(60)


async def run(function: Any, *, deadline_s: float = 30.0, said: list[Any] | None = None) -> Any:
    async def progress(done: int, total: int, note: str) -> None:
        if said is not None:
            said.append((done, total, note))

    target = f"{HERE}:{function.__name__}"
    return await in_child(target, {"n": 1}, deadline_s=deadline_s, memory_mb=1024, progress=progress)


async def test_the_answer_and_the_progress_come_back() -> None:
    said: list[Any] = []
    assert await run(answer, said=said) == {"got": 2}
    assert (1, 2, "half") in said


@pytest.mark.parametrize(
    ("function", "code"),
    [(refuse, "no_way"), (raise_, "child_failed"), (devour, "child_memory"), (die, "child_failed")],
)
async def test_what_goes_wrong_is_told_by_code(function: Any, code: str) -> None:
    with pytest.raises(InvalidError) as raised:
        await run(function)
    assert raised.value.code == code
    assert "\n" not in raised.value.message


async def test_the_deadline_ends_it() -> None:
    began = time.monotonic()
    with pytest.raises(InvalidError) as raised:
        await run(sleep, deadline_s=1.0)
    assert raised.value.code == "child_deadline"
    assert time.monotonic() - began < 30


async def test_whatever_progress_raises_ends_it() -> None:
    async def stop(done: int, total: int, note: str) -> None:
        raise JobCancelledError

    with pytest.raises(JobCancelledError):
        await in_child(f"{HERE}:sleep", {}, deadline_s=60, memory_mb=1024, progress=stop)
