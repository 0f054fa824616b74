"""All factors alike: no row knows a later one, absent stays absent, and what was planted to look ahead is caught."""

import re
from collections.abc import Callable
from importlib import import_module
from inspect import signature

import numpy as np
import pytest
from numpy.typing import NDArray

from alphaloop.kernels.factors import CATEGORIES, FACTORS, FROM_BARS, INPUTS, make_factor
from alphaloop.kernels.factors.own_rows import by_instrument

Floats = NDArray[np.float64]
# Short windows, so that few rows are enough.
SHORT = {"lookback": 12, "skip": 3, "period": 6, "recent": 3}


def inputs(seed: int = 1, rows: int = 90, columns: int = 5) -> dict[str, Floats]:
    rng = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (rows, columns)), axis=0))
    volume = rng.uniform(1e5, 1e6, close.shape)
    made = {"close": close, "volume": volume, "traded": close * volume}
    made |= {name: rng.uniform(1e8, 1e9, close.shape) for name in INPUTS if name not in made}
    absent = rng.random(close.shape) < 0.1
    absent[:30, 1] = absent[60:, 2] = True
    return {name: np.where(absent, np.nan, table) for name, table in made.items()}


def short(key: str) -> dict[str, int]:
    return {name: SHORT[name] for name in FACTORS[key].params}


def changed_by_the_future(make: Callable[[dict[str, Floats]], Floats], given: dict[str, Floats]) -> list[int]:
    """Prefixes on which `make` says something else than it says with all rows."""
    whole = make(given)
    return [
        rows
        for rows in range(1, len(whole), 7)
        if not np.array_equal(make({name: one[:rows] for name, one in given.items()}), whole[:rows], equal_nan=True)
    ]


@pytest.mark.parametrize("key", FACTORS)
def test_no_factor_knows_a_later_row(key: str) -> None:
    given = inputs()
    made = make_factor(key, given, short(key))
    assert made.dtype == np.float64
    assert made.shape == given["close"].shape
    assert np.isfinite(made).sum() > 100
    assert np.isnan(made[np.isnan(given[FACTORS[key].needs[0]])]).all()
    assert changed_by_the_future(lambda tables: make_factor(key, tables, short(key)), given) == []


def test_a_planted_look_ahead_is_caught() -> None:
    def scaled(column: Floats) -> Floats:
        made: Floats = column / column.max()
        return made

    assert changed_by_the_future(lambda tables: by_instrument(scaled, tables["close"]), inputs())


@pytest.mark.parametrize("key", FACTORS)
def test_an_instrument_is_judged_by_its_own_rows_alone(key: str) -> None:
    given = inputs()
    whole = make_factor(key, given, short(key))
    kept = np.isfinite(given["close"][:, 3])
    alone = {name: table[kept, 3:4] for name, table in given.items()}
    np.testing.assert_array_equal(make_factor(key, alone, short(key))[:, 0], whole[kept, 3])


def test_every_factor_says_what_it_is_in_both_languages_and_where_it_is_from() -> None:
    assert {factor.category for factor in FACTORS.values()} == set(CATEGORIES)
    for factor in FACTORS.values():
        assert set(factor.needs) <= set(INPUTS)
        assert all(factor.label.values())
        assert all(factor.meaning.values())
        make = getattr(import_module(f"alphaloop.kernels.factors.{factor.category}"), factor.key)
        assert re.search(r"(19|20)\d\d", make.__doc__), factor.key
        given = signature(make).parameters.values()
        assert [one.name for one in given if one.default is one.empty] == list(factor.needs)
        assert {one.name: one.default for one in given if one.default is not one.empty} == factor.params
    assert sum(set(factor.needs) <= FROM_BARS for factor in FACTORS.values()) >= 12


@pytest.mark.parametrize(
    ("key", "params", "word"),
    [
        ("nothing", {}, "there is no factor"),
        ("momentum", {"lookbak": 5}, "no parameter lookbak"),
        ("momentum", {"lookback": 5, "skip": 5}, "less than lookback"),
        ("momentum", {"lookback": 9_000}, "5000 rows at most"),
        ("short_reversal", {"lookback": 0}, "1 or more"),
        ("mean_gap", {"lookback": 1}, "two rows"),
    ],
)
def test_what_does_not_fit_is_refused_with_words(key: str, params: dict[str, int], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make_factor(key, inputs(rows=5), params)


def test_absent_inputs_and_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="needs market value"):
        make_factor("size", {})
    with pytest.raises(ValueError, match="one shape"):
        make_factor("earnings_yield", {"earnings": np.ones((3, 2)), "market_cap": np.ones((3, 3))})
