"""A crew shares work out, keeps its order, tells what went wrong, and leaves nobody behind."""

import os
import time
from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.infra.jobs.crew import Crew, Rounds


def ready(args: int) -> tuple[int, int]:
    return args, os.getpid()


def add(state: tuple[int, int], items: list[int]) -> list[tuple[int, int]]:
    return [(state[0] + item, state[1]) for item in items]


def fail(state: Any, items: list[int]) -> list[int]:
    if items[0] == 1:
        raise InvalidError("No.", code="no_way")
    if items[0] == 2:
        raise RuntimeError("out of luck\nand more")
    os._exit(3)


def test_work_is_shared_and_answers_keep_their_order() -> None:
    with Crew(ready, add, 100, count=2) as crew:
        first, again = crew.share([1, 2, 3, 4, 5]), crew.share([6])
    assert [value for value, _ in first] == [101, 102, 103, 104, 105]
    assert len({pid for _, pid in first}) == 2
    assert os.getpid() not in {pid for _, pid in first}
    assert again[0][1] in {pid for _, pid in first}
    for _, pid in first:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize(("item", "code"), [(1, "no_way"), (2, "child_failed"), (3, "child_failed")])
def test_what_goes_wrong_is_told(item: int, code: str) -> None:
    began = time.monotonic()
    with Crew(ready, fail, 0, count=1) as crew, pytest.raises(InvalidError) as raised:
        crew.share([item])
    assert raised.value.code == code
    assert "\n" not in raised.value.message
    assert time.monotonic() - began < 20


def add_slowly(state: tuple[int, int], items: list[int]) -> list[tuple[int, int]]:
    time.sleep(0.02 * len(items))
    return add(state, items)


def test_rounds_stay_here_until_sharing_pays() -> None:
    here = ready(100)
    with Crew(ready, add, 100, count=2) as crew:
        quick = Rounds(crew, lambda items: add(here, items), left=64)
        for _ in range(3):
            assert {pid for _, pid in quick.run(list(range(quick.size())))} == {os.getpid()}
        assert quick.size() == 64
        slow = Rounds(crew, lambda items: add_slowly(here, items), left=1000)
        pids = [{pid for _, pid in slow.run([1, 2, 3])} for _ in range(2)]
        assert (pids[0], len(pids[1])) == ({os.getpid()}, 2)
