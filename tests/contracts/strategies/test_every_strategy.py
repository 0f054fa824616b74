"""The checks that every strategy passes. The library is listed, so a new file is tested without being named here.

Strategies that judge several instruments together, or need more than prices, pass theirs in `test_every_universe`.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.core.plugins import load_plugin
from alphaloop.core.signal import Sizing
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.features import build_panel
from alphaloop.engine.invariance import check_features_step, check_prefix_invariance
from alphaloop.engine.panel import Series, make_panel, make_series
from alphaloop.engine.strategy import (
    CATEGORIES,
    Signals,
    Strategy,
    check_signals,
    list_strategies,
)
from alphaloop.lab import load


def stands_alone(strategy: Strategy) -> bool:
    """Whether one series of prices is all that the strategy looks at."""
    module = load_plugin("alphaloop.strategies", strategy.key)
    return not getattr(module, "EXTRAS", {}) and not hasattr(module, "INSTRUMENTS")


STRATEGIES = [strategy for strategy in list_strategies() if stands_alone(strategy)]
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.key)

SEVERAL_LEVELS = {"chan/multi_level": {"levels": "own,1w"}, "chan/nested_intervals": {"levels": "1M,1w,own"}}
MARKETS = ("crypto/binance/BTCUSDT/30m", "equity_cn/sse_szse/SH600519/1d", "crypto/binance/ETHUSDT/30m")


def sample(rows: int = 1500) -> Series:
    """The first years of the built-in index, so that these checks run on a machine without any data folder."""
    return first(load("sample").series, rows)


def first(series: Series, rows: int) -> Series:
    return Series(series.name, *(column[:rows] for column in series[1:]))


def bent(series: Series, row: int) -> Series:
    """The same bars up to `row`, and a different future."""
    columns = [column.copy() for column in series[3:7]]
    for column in columns:
        column[row:] = column[row:] * np.linspace(1.0, 1.6, len(column) - row)
    return series._replace(open=columns[0], high=columns[1], low=columns[2], close=columns[3])


def variants(strategy: Strategy) -> list[Any]:
    """Parameters to try: the defaults, and each number at both of its bounds where the bars allow it."""
    made = [strategy.parse({})]
    for name, field in strategy.schema()["properties"].items():
        for bound in ("minimum", "maximum"):
            if bound in field:
                made.append(strategy.parse({name: field[bound]}))
    return made


@every_strategy
def test_it_says_the_same_about_a_prefix_as_about_the_whole(strategy: Strategy) -> None:
    assert check_prefix_invariance(strategy, sample(), strategy.parse({}), seeds=(1,)) == []


@every_strategy
def test_a_different_future_changes_nothing_that_was_said_before(strategy: Strategy) -> None:
    params = strategy.parse({})
    bars = sample()
    row = 900
    then = strategy.evaluate(build_panel(bent(bars, row), strategy, params), params)
    now = strategy.evaluate(build_panel(bars, strategy, params), params)
    np.testing.assert_array_equal(then.target[:row], now.target[:row])
    np.testing.assert_array_equal(then.episode[:row], now.episode[:row])


@every_strategy
def test_its_features_bar_by_bar_equal_the_batch(strategy: Strategy) -> None:
    for given in ({}, SEVERAL_LEVELS.get(strategy.key, {})):
        assert check_features_step(make_panel(sample(400)), strategy, strategy.parse(given)) == []


@every_strategy
def test_it_keeps_within_its_declared_warmup(strategy: Strategy) -> None:
    params = strategy.parse({})
    warmup = strategy.warmup(params)
    assert warmup >= 0
    panel = build_panel(sample(), strategy, params)
    signals = strategy.evaluate(panel, params)
    assert not np.isfinite(signals.target[:warmup]).any()
    if warmup:
        with pytest.raises(InvalidError, match="bars before its first decision"):
            build_panel(sample(warmup), strategy, params)
    later = build_panel(sample(), strategy, params, start=700)
    assert np.nanmax(strategy.evaluate(later, params).target[:700], initial=-1) == -1


@every_strategy
def test_its_signals_are_sound_for_every_bound_of_its_parameters(strategy: Strategy) -> None:
    bars = load("sample").series
    for params in variants(strategy):
        panel = build_panel(bars, strategy, params)
        signals = check_signals(strategy.evaluate(panel, params), panel)
        wanted = np.isfinite(signals.target)
        assert np.all(signals.episode[wanted] <= np.nonzero(wanted)[0])
        if signals.sizing is Sizing.WEIGHT:
            assert np.nansum(np.abs(signals.target), axis=1).max() <= 1.0 + 1e-9


@every_strategy
def test_evaluating_twice_gives_the_same_and_leaves_the_panel_alone(strategy: Strategy) -> None:
    params = strategy.parse({})
    panel = build_panel(sample(), strategy, params)
    before = [np.array(values, copy=True) for values in panel[:8]]
    one, two = strategy.evaluate(panel, params), strategy.evaluate(panel, params)
    np.testing.assert_array_equal(one.target, two.target)
    for kept, values in zip(before, panel[:8], strict=True):
        np.testing.assert_array_equal(kept, values)


@every_strategy
def test_instruments_do_not_disturb_each_other(strategy: Strategy) -> None:
    """A panel of two gives each exactly the signals it gets alone, absent days or not."""
    params = strategy.parse({})
    whole = sample(800)
    kept = np.random.default_rng(4).random(800) < 0.9
    gappy = Series("gappy", *(column[kept] for column in whole[1:]))
    start = 300
    both = strategy.evaluate(build_panel([whole, gappy], strategy, params, start=start), params)
    for n, series, own in ((0, whole, np.arange(800)), (1, gappy, np.flatnonzero(kept))):
        begins = int(np.count_nonzero(own < start))
        alone = strategy.evaluate(build_panel(series, strategy, params, start=begins), params)
        np.testing.assert_array_equal(both.target[own, n], alone.target[:, 0])


@pytest.mark.parametrize("strategy", list_strategies(), ids=lambda strategy: strategy.key)
def test_its_form_is_complete_in_both_languages(strategy: Strategy) -> None:
    assert strategy.category in CATEGORIES
    for text in (strategy.label, strategy.summary):
        assert set(text) == {"zh", "en"}
        assert all(text.values())
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text["zh"])
    schema = strategy.schema()
    assert strategy.parse({name: field["default"] for name, field in schema["properties"].items()}) == strategy.parse(
        {}
    )
    for field in schema["properties"].values():
        assert field["label"]["zh"]
        assert field["label"]["en"]
        if field["type"] in ("integer", "number"):
            assert field["minimum"] <= field["default"] <= field["maximum"]


@pytest.mark.data
@every_strategy
@pytest.mark.parametrize("market", MARKETS)
def test_it_trades_on_real_bars_without_looking_ahead(strategy: Strategy, market: str, test_data: Path) -> None:
    bars = load(test_data / f"data/bars/{market}.parquet").series
    params = strategy.parse({})
    result = run_backtest(strategy, bars, params, cash=100_000, fee=0.001)
    trades = result.metrics["trades"]
    assert trades is not None
    assert trades >= 1
    assert check_prefix_invariance(strategy, first(bars, 2500), params, seeds=(1,), prefixes=60) == []


def peeking(shift: int) -> Strategy:
    """A strategy that buys what will have risen `shift` bars later: honest for 0, a prophet for 1."""

    def evaluate(panel: Any, params: Any) -> Signals:
        close = panel.close
        known = np.roll(close, -shift, axis=0) > np.roll(close, 1 - shift, axis=0)
        rows = np.arange(len(close)).reshape(-1, 1)
        return Signals(np.where(panel.member, known * 1.0, np.nan), np.where(panel.member, rows, -1))

    return replace(STRATEGIES[-1], evaluate=evaluate, needs=lambda params: [])


def test_the_check_notices_a_strategy_that_looks_one_bar_ahead() -> None:
    honest, prophet = peeking(0), peeking(1)
    params = honest.parse({})
    assert check_prefix_invariance(honest, sample(), params, prefixes=50) == []
    found = check_prefix_invariance(prophet, sample(), params, prefixes=50)
    assert any(text.startswith("target") for text in found)


def test_a_feature_that_repaints_is_noticed() -> None:
    """Final tables repaint; handing one over as if it had been known must fail the same check."""
    strategy = next(strategy for strategy in STRATEGIES if strategy.key == "chan/multi_level")
    params = strategy.parse({})

    def repainted(panel: Any, params: Any) -> Signals:
        features = {
            name: np.roll(values, -3, axis=0) if name.endswith("point_kind") else values
            for name, values in panel.features.items()
        }
        return strategy.evaluate(panel._replace(features=features), params)

    liar = replace(strategy, evaluate=repainted)
    assert check_prefix_invariance(liar, sample(), params, prefixes=50) != []


def test_a_constant_series_has_nothing_to_trade() -> None:
    flat = np.full(400, 10.0)
    bars = make_series("flat", np.arange(400) * 60_000, flat, flat, flat, flat, np.zeros(400))
    for strategy in STRATEGIES:
        assert run_backtest(strategy, bars, strategy.parse({}), cash=1000).metrics["trades"] == 0
