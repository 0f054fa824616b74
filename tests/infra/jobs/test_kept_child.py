"""A kept process answers question after question, and whatever its code does ends nothing but itself."""

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.infra.jobs.kept_child import ChildGoneError, KeptChild

TARGET = f"{__name__}:host"


def host(args: dict[str, Any]) -> tuple[Callable[[dict[str, Any]], Any], Any]:
    """In the child."""
    if args.get("refuse"):
        raise InvalidError("Not so.", code="bad_strategy", fields=(("file", "bad"),))
    told: list[int] = []

    def answer(asked: dict[str, Any]) -> Any:
        match asked["do"]:
            case "count":
                print("this is not an answer")
                told.append(1)
                return len(told)
            case "environment":
                return sorted(os.environ)
            case "loop":
                while True:
                    pass
            case "leave":
                os._exit(3)
            case "fill":
                return len("x" * (8 << 30))
            case "shout":
                return "x" * (8 << 20)
            case "leave somebody":
                if os.fork() == 0:
                    os.setsid()
                    time.sleep(5)
                    os._exit(0)
                os._exit(0)
            case "bare" | "words":
                said = b"7\n" if asked["do"] == "bare" else b'{"refused": [1, 2]}\n'
                for number in range(3, 16):
                    with contextlib.suppress(OSError):
                        os.write(number, said)
        raise ValueError("what is that")

    return answer, {"pid": os.getpid()}


async def started(**args: Any) -> KeptChild:
    return await KeptChild.start(TARGET, args, deadline_s=60.0, memory_mb=2048)


async def asked(child: KeptChild, what: str, *, deadline_s: float = 10.0) -> Any:
    return await child.ask({"do": what}, deadline_s=deadline_s)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_it_remembers_between_questions_and_survives_its_own_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPHALOOP_JWT_SECRET", "ours")
    child = await started()
    try:
        assert child.greeting == {"pid": child.pid}
        assert [await asked(child, "count") for _ in range(3)] == [1, 2, 3]
        for what, code in (("nothing", "child_failed"), ("fill", "child_memory")):
            with pytest.raises(InvalidError) as refused:
                await asked(child, what)
            assert refused.value.code == code
        assert await asked(child, "count") == 4
        assert "ALPHALOOP_JWT_SECRET" not in await asked(child, "environment")
    finally:
        await child.close()
    assert not is_there(child.pid)


@pytest.mark.parametrize(
    ("what", "code"),
    [("loop", "child_deadline"), ("leave", "child_failed"), ("shout", "child_failed"), ("bare", "child_failed")],
)
async def test_what_does_not_answer_is_ended(what: str, code: str) -> None:
    child = await started()
    with pytest.raises(InvalidError) as refused:
        await asked(child, what, deadline_s=1.0)
    assert refused.value.code == code
    await child.close()
    assert not is_there(child.pid)
    with pytest.raises(ChildGoneError):
        await asked(child, "count")


async def test_what_cannot_begin_says_why_and_leaves_no_process() -> None:
    with pytest.raises(InvalidError) as refused:
        await started(refuse=True)
    assert (refused.value.code, refused.value.fields) == ("bad_strategy", (("file", "bad"),))


async def test_a_refusal_that_is_none_is_told_as_a_broken_word() -> None:
    child = await started()
    with pytest.raises(InvalidError) as refused:
        await asked(child, "words")
    assert refused.value.code == "child_failed"
    await child.close()


async def test_what_left_the_group_holds_nobody_up() -> None:
    child = await started()
    began = time.monotonic()
    with pytest.raises(InvalidError) as refused:
        await asked(child, "leave somebody", deadline_s=0.5)
    assert refused.value.code == "child_deadline"
    await child.close()
    assert time.monotonic() - began < 4
