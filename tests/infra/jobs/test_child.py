"""A child process does a job's work: its word comes back, its mistakes too, and it can always be ended."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.infra.jobs.child import Report, Teller, in_child
from alphaloop.infra.jobs.crew import Crew
from alphaloop.infra.jobs.local import JobCancelledError

HERE = __name__
ROOT = Path(__file__).parents[3]


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


def tell(args: dict[str, Any], report: Teller) -> Any:
    for part in range(3):
        report.part({"part": part})
    return "all"


def _sleep_on(args: Any) -> None:
    return None


def _tell_and_sleep(state: None, items: list[str]) -> list[int]:
    from pathlib import Path

    with Path(items[0]).open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(60)
    return [0]


def sleep_together(args: dict[str, Any], report: Report) -> Any:
    with Crew(_sleep_on, _tell_and_sleep, None, count=2) as crew:
        return crew.share([args["path"]] * 2)


async def test_parts_come_ahead_of_the_answer_and_in_order() -> None:
    parts: list[Any] = []

    async def take(part: Any) -> None:
        parts.append(part["part"])

    answer = await in_child(f"{HERE}:tell", {}, deadline_s=30, memory_mb=1024, progress=_quiet, on_part=take)
    assert (answer, parts) == ("all", [0, 1, 2])


async def test_a_cancelled_job_takes_its_whole_crew_along_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pids"

    async def stop_when_asleep(done: int, total: int, note: str) -> None:
        if len(pids(path)) == 2:
            raise JobCancelledError

    with pytest.raises(JobCancelledError):
        await in_child(
            f"{HERE}:sleep_together", {"path": str(path)}, deadline_s=60, memory_mb=4096, progress=stop_when_asleep
        )
    await all_gone(pids(path))


async def test_a_child_and_its_crew_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "pids"
    code = (
        "import asyncio\n"
        "from tests.infra.jobs.test_child import *\n"
        "async def quiet(*_): pass\n"
        f"asyncio.run(in_child(HERE + ':sleep_together', {{'path': {str(path)!r}}}, deadline_s=60, memory_mb=4096,"
        " progress=quiet))\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    while len(pids(path)) < 2:
        await asyncio.sleep(0.05)
        assert parent.returncode is None
    parent.kill()
    await parent.wait()
    await all_gone(pids(path))


def pids(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


async def all_gone(found: list[int]) -> None:
    """Within two seconds none of them runs any more."""
    assert len(found) == 2
    for _ in range(40):
        if not any(map(runs, found)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("processes were left behind")


def runs(pid: int) -> bool:
    """Whether that process lives; one that nobody has waited for yet does not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


class Trap:
    """What a pickle can do to whoever reads it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (self.path, "w"))


def seize(args: dict[str, Any], report: Report) -> Any:
    """Whatever is written to every open pipe: the code knows them all."""
    import pickle
    import stat
    import struct

    fields = {"bare": b"7\n", "many": b'{"done": 1, "part": 2}\n', "deep": b"[" * 100_000 + b"\n", "half": b'{"do'}
    word = fields.get(args["how"])
    if word is None:
        packed = pickle.dumps(("done", Trap(args["path"])))
        word = struct.pack("!i", len(packed)) + packed
    if args["how"] == "progress":
        word = b'{"progress": [1e400, "x", null]}\n'
    if args["how"] == "refusal":
        word = b'{"refused": [7, "x", 3]}\n'
    for number in range(1, 32):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode) or stat.S_ISSOCK(os.fstat(number).st_mode):
                os.write(number, word)
        except OSError:
            continue
    if args["how"] == "half":
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        time.sleep(60)
    return None


@pytest.mark.parametrize("how", ["pickle", "bare", "many", "deep", "progress", "refusal", "half"])
async def test_no_answer_is_more_than_data_here_and_none_holds_us_up(how: str, tmp_path: Path) -> None:
    path = tmp_path / "seized"
    args = {"how": how, "path": str(path)}
    began = time.monotonic()
    with pytest.raises(InvalidError) as raised:
        await in_child(f"{HERE}:seize", args, deadline_s=2.0, memory_mb=1024, progress=_quiet)
    assert raised.value.code == ("child_deadline" if how == "half" else "child_failed")
    assert time.monotonic() - began < 20
    assert not path.exists()


def surroundings(args: dict[str, Any], report: Report) -> Any:
    began_with = Path("/proc/self/environ").read_bytes() if Path("/proc/self/environ").exists() else b""
    return sorted(os.environ), began_with.decode()


async def test_nothing_of_our_settings_was_ever_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHALOOP_JWT_SECRET", "ours")
    names, began_with = await run(surroundings)
    assert "ALPHALOOP_JWT_SECRET" not in names
    assert "ours" not in began_with


def chatter(args: dict[str, Any], report: Report) -> Any:
    for n in range(20_000):
        report(n, 20_000, "on and on")
    return "said"


async def test_however_much_a_child_says_little_of_it_is_told_on_and_its_last_word_is() -> None:
    said: list[Any] = []
    assert await run(chatter, said=said) == "said"
    assert said[-1] == (19_999, 20_000, "on and on")
    assert len(said) < 100


def leave_somebody(args: dict[str, Any], report: Report) -> Any:
    """A process that has left the group keeps the pipes open."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(5)
        os._exit(0)
    return "left"


async def test_what_left_the_group_holds_nobody_up() -> None:
    began = time.monotonic()
    assert await run(leave_somebody) == "left"
    assert time.monotonic() - began < 4


async def _quiet(done: int, total: int, note: str) -> None:
    """Nobody looks."""
