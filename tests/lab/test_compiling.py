"""Whoever waits for a compiler is told so, once, and how long it took."""

from numba import njit

from alphaloop.lab.compiling import compile_line


def test_compiling_is_told_once_and_what_is_compiled_already_is_not() -> None:
    @njit
    def double(x: float) -> float:
        return x * 2.0

    told: list[str] = []
    with compile_line(told.append):
        double(1.0)
        double(1)
    assert told[0] == "Compiling, once …"
    assert len(told) <= 2
    quiet: list[str] = []
    with compile_line(quiet.append):
        double(2.0)
    assert quiet == []


def test_a_long_compilation_says_how_long_it_took() -> None:
    told: list[str] = []
    with compile_line(told.append) as watch:
        assert watch is not None
        watch.start(10.0)
        watch.start(10.5)
        watch.end(11.0)
        watch.end(12.0)
    assert told == ["Compiling, once …", "Compiled in 2.0 s."]


def test_nothing_is_said_where_nobody_watches() -> None:
    with compile_line() as watch:
        assert watch is None
