"""Whatever a process says, it is plain data here or a refusal."""

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.infra.jobs.words import answer_of, as_line, progress_in, refused, said_in


def test_a_number_of_numpy_is_a_number_and_what_is_no_json_is_a_mistake_of_the_code() -> None:
    assert said_in(as_line({"n": np.int64(3), "x": np.float64(0.5)})) == {"n": 3, "x": 0.5}
    assert said_in(answer_of(lambda: {"a": object()}, memory_mb=1))["refused"][1] == "child_failed"


@pytest.mark.parametrize(
    "told", [None, 7, [], ["m", "c"], ["m", "no code!", []], [1, "code", []], ["m", "c" * 65, []], ["m", "code", {}]]
)
def test_a_refusal_that_is_none_is_a_broken_word(told: object) -> None:
    assert refused(told).code == "child_failed"


def test_a_refusal_is_told_on_as_far_as_every_database_takes_it() -> None:
    error = refused(["a\x00b\ud800" + "m" * 1000, "bad_strategy", [["f" * 100, "why"], ["one"], 3]])
    assert (error.message[:4], len(error.message)) == ("a?b?", 500)
    assert error.fields == (("f" * 64, "why"),)


@pytest.mark.parametrize(
    "told", [None, [1, 2], [1.5, 2, "x"], [-1, 2, "x"], [1, 2**31, "x"], [1, 2, 3], [1, 2, "x", 4]]
)
def test_progress_that_no_row_could_hold_is_a_broken_word(told: object) -> None:
    with pytest.raises(InvalidError, match="words"):
        progress_in(told)


@pytest.mark.parametrize("line", [b"", b"{", b"[" * 100_000, b"\xff", b"9" * 5000])
def test_a_line_that_is_no_json_is_a_broken_word(line: bytes) -> None:
    with pytest.raises(InvalidError, match="words"):
        said_in(line)
