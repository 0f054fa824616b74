"""Warming runs each strategy on what it asks for, and none of them stops the others."""

import numpy as np
import pytest

from alphaloop.engine.panel import make_series
from alphaloop.engine.strategy import Strategy, list_strategies
from alphaloop.entrypoints.warm import _warm_strategy

STRATEGIES = [strategy for strategy in list_strategies() if not strategy.key.startswith("chan/")]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.key)
def test_every_strategy_can_be_warmed(strategy: Strategy) -> None:
    rows = 1500
    close = 100 + np.cumsum(np.random.default_rng(7).normal(0, 1, rows)) * 0.1
    times = np.arange(rows, dtype=np.int64) * 60_000
    _warm_strategy(strategy, make_series("WARM@up", times, close, close + 1, close - 1, close, np.ones(rows)))
