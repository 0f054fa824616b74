"""The checks that every strategy passes which judges several instruments together, on made walks with gaps."""

from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.core.plugins import load_plugin
from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.panel import Floats, Panel, Series, make_series
from alphaloop.engine.simulate import Rules, simulate
from alphaloop.engine.strategy import Signals, Strategy, check_signals, list_strategies
from tests.strategies.markets import DAY_MS, with_extras

ROWS, COLUMNS = 1700, 6


def needed(strategy: Strategy) -> tuple[int | None, dict[str, dict[str, str]]]:
    module = load_plugin("alphaloop.strategies", strategy.key)
    return getattr(module, "INSTRUMENTS", None), getattr(module, "EXTRAS", {})


STRATEGIES = [strategy for strategy in list_strategies() if needed(strategy)[0] is not None]
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.key)


def walks(columns: int = COLUMNS, rows: int = ROWS) -> list[Series]:
    """Two by two they follow each other; every third one is listed late and misses days."""
    rng = np.random.default_rng(11)
    lead = rng.normal(0.0003, 0.012, (rows, (columns + 1) // 2)).cumsum(axis=0)
    made = []
    for n in range(columns):
        gap = np.zeros(rows)
        noise = rng.normal(0, 0.01, rows)
        for t in range(1, rows):
            gap[t] = 0.8 * gap[t - 1] + noise[t]
        close = 50 * np.exp(lead[:, n // 2] + (gap if n % 2 else 0.0))
        kept = rng.random(rows) < (0.9 if n % 3 == 2 else 1.0)
        kept[: 200 if n % 3 == 2 else 0] = False
        ts = (np.arange(rows, dtype=np.int64) * DAY_MS)[kept]
        at = close[kept]
        made.append(make_series(f"W{n}", ts, at, at * 1.01, at * 0.99, at, np.full(len(at), 1e6), close_ms=ts + DAY_MS))
    return made


def extras(strategy: Strategy, rows: int = ROWS) -> dict[str, Floats]:
    rng = np.random.default_rng(12)
    return {name: rng.normal(0.0, 0.01, (rows, COLUMNS)) for name in needed(strategy)[1]}


def said(strategy: Strategy, params: Any, bars: list[Series], start: int | None = None) -> tuple[Panel, Signals]:
    panel = build_panel(bars, strategy, params, start=start, extras=extras(strategy))
    return panel, check_signals(strategy.evaluate(panel, params), panel)


@every_strategy
def test_it_says_the_same_about_a_prefix_as_about_the_whole(strategy: Strategy) -> None:
    free = with_extras(strategy, extras(strategy), grouped=False)
    assert check_prefix_invariance(free, walks(), strategy.parse({}), prefixes=40) == []


@every_strategy
def test_a_different_future_changes_nothing_that_was_said_before(strategy: Strategy) -> None:
    params, row = strategy.parse({}), 1300
    bent = [
        series._replace(close=np.where(series.ts_ms >= row * DAY_MS, series.close * 1.3, series.close))
        for series in walks()
    ]
    (_, then), (_, now) = said(strategy, params, bent), said(strategy, params, walks())
    np.testing.assert_array_equal(then.target[:row], now.target[:row])
    np.testing.assert_array_equal(then.episode[:row], now.episode[:row])


@every_strategy
def test_it_trades_and_keeps_within_its_warmup_and_its_equity(strategy: Strategy) -> None:
    params = strategy.parse({})
    panel, signals = said(strategy, params, walks())
    assert not np.isfinite(signals.target[: strategy.warmup(params)]).any()
    assert np.nansum(np.abs(signals.target), axis=1).max() <= 1.0 + 1e-9
    _, later = said(strategy, params, walks(), start=1400)
    assert not np.isfinite(later.target[:1400]).any()
    made = simulate(panel, signals._replace(group=None), Rules(can_short=True, fee=0.001))
    assert len(made.fills.row) >= 2


@every_strategy
def test_its_signals_are_sound_for_every_bound_of_its_parameters(strategy: Strategy) -> None:
    for name, field in strategy.schema()["properties"].items():
        for bound in ("minimum", "maximum"):
            params = strategy.parse({name: field[bound]})
            _, signals = said(strategy, params, walks())
            wanted = np.isfinite(signals.target)
            assert np.all(signals.episode[wanted] <= np.nonzero(wanted)[0])
            assert np.nansum(np.abs(signals.target), axis=1).max() <= 1.0 + 1e-9


@every_strategy
def test_evaluating_twice_gives_the_same_and_leaves_the_panel_alone(strategy: Strategy) -> None:
    params = strategy.parse({})
    panel, one = said(strategy, params, walks())
    before = [np.array(values, copy=True) for values in panel[:8]]
    two = strategy.evaluate(panel, params)
    np.testing.assert_array_equal(one.target, two.target)
    for kept, values in zip(before, panel[:8], strict=True):
        np.testing.assert_array_equal(kept, values)


@every_strategy
def test_what_it_lacks_is_named(strategy: Strategy) -> None:
    params = strategy.parse({})
    least, names = needed(strategy)
    if names:
        with pytest.raises(InvalidError, match=next(iter(names))) as refused:
            strategy.evaluate(build_panel(walks(), strategy, params), params)
        assert refused.value.code == "missing_extra"
    if least is not None and least > 1:
        panel = build_panel(walks(1), strategy, params, extras=extras(strategy))
        with pytest.raises(InvalidError) as refused:
            strategy.evaluate(panel, params)
        assert refused.value.code == "too_few_instruments"


@every_strategy
def test_what_it_needs_and_risks_is_said_in_both_languages(strategy: Strategy) -> None:
    module = load_plugin("alphaloop.strategies", strategy.key)
    for text in (module.RISK, *module.EXTRAS.values()):
        assert set(text) == {"zh", "en"}
        assert all(text.values())
