"""A crew shares work out, keeps its order, tells what went wrong, and leaves nobody behind."""

import os
import time
from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.infra.jobs.crew import Crew


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
