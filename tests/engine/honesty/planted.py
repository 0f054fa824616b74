"""Markets and strategies whose truth is known: an honest rule, a prophet, dice, and one that counts its bars."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Panel, Series, make_series
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Signals, load_strategy, mark_episodes
from alphaloop.kernels.indicators.trend import sma

DAY_MS = 86_400_000
BOLLINGER = load_strategy("reversion/bollinger")


@dataclass(frozen=True)
class Params:
    period: int = param(20, 2, 200, label_zh="周期", label_en="Period")


def trending(seed: int = 1, rows: int = 1500, *, memory: float = 0.97, noise: float = 0.008) -> Series:
    """Bars whose drift changes slowly, so that following it pays; without `memory` a plain walk."""
    rng = np.random.default_rng(seed)
    drift = np.zeros(rows)
    for t in range(1, rows):
        drift[t] = memory * drift[t - 1] + rng.normal(0, 0.001 if memory else 0.0)
    close = 100 * np.exp(np.cumsum(drift + rng.normal(0, noise, rows)))
    opened = np.r_[100.0, close[:-1]] * (1 + rng.normal(0, 0.0005, rows))
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
    return make_series("X", np.arange(rows) * DAY_MS, opened, high, low, close, np.ones(rows))


def noisy(seed: int = 1, rows: int = 1500) -> Series:
    return trending(seed, rows, memory=0.0)


def _above(panel: Panel, params: Params) -> Signals:
    target = np.full(panel.close.shape, np.nan)
    for n in range(target.shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        close = np.ascontiguousarray(panel.close[rows, n])
        above = (close > sma(close, params.period)) / target.shape[1]
        target[rows, n] = np.where(panel.member[rows, n], above, np.nan)
    return Signals(target, mark_episodes(target))


def _fussy(panel: Panel, params: Params) -> Signals:
    """Refuses odd periods, as a rule with a fast and a slow line refuses them the wrong way round."""
    if params.period % 2:
        raise InvalidError("Only even periods make a rule.", code="bad_parameter")
    return _above(panel, params)


def _foretold(panel: Panel, params: Params) -> Signals:
    rises = np.vstack([panel.close[1:] > panel.close[:-1], panel.close[-1:] > 0])
    target = np.where(panel.member, rises * 1.0, np.nan)
    return Signals(target, mark_episodes(target))


def _dice(panel: Panel, params: Params) -> Signals:
    """Long for five days or not, decided by the date and the parameter alone: causal, and without any meaning."""
    weeks = (panel.ts_ms // (5 * DAY_MS)).astype(np.uint64)
    # One of the usual mixers of 64 bits; arrays wrap around silently, which is what it wants.
    mixed = weeks + np.full(len(weeks), params.period, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    long = (mixed >> np.uint64(63)).astype(float).reshape(-1, 1)
    target = np.where(panel.member, long, np.nan)
    return Signals(target, mark_episodes(target))


def _counted(panel: Panel, params: Params) -> Signals:
    """In and out every so many bars, counted from the first bar it was given."""
    turn = (np.arange(len(panel.close)) // params.period % 2).astype(float).reshape(-1, 1)
    target = np.where(panel.member, turn, np.nan)
    return Signals(target, mark_episodes(target))


def _named(key: str, evaluate: Any) -> Any:
    return replace(
        BOLLINGER,
        key=key,
        Params=Params,
        warmup=lambda params: params.period - 1,
        needs=lambda params: [],
        evaluate=evaluate,
        manage=None,
    )


FOLLOWER = _named("planted/follower", _above)
FUSSY = _named("planted/fussy", _fussy)
PROPHET = _named("planted/prophet", _foretold)
DICE = replace(_named("planted/dice", _dice), warmup=lambda params: 1)
COUNTER = replace(_named("planted/counter", _counted), warmup=lambda params: 1)
