"""Buy when the shorter moving average rises above the longer one and sell when it falls below it.

Source: W. Brock, J. Lakonishok and B. LeBaron, *Simple technical trading rules and the stochastic properties of stock
returns*, Journal of Finance 47 (1992); long side only. It believes that a price which has turned goes on turning for
longer than the averages lag. It fails in a range, where every crossing comes too late and is taken back.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.kernels.indicators.trend import sma

CATEGORY = "trend_following"
LABEL = {"zh": "均线金叉", "en": "Golden cross"}
SUMMARY = {
    "zh": "短期均线上穿长期均线时买入，下穿时卖出。靠长趋势获利；震荡时反复进出，入场和离场都偏晚。",
    "en": "Buys when the shorter average rises above the longer one, sells when it falls below. "
    "Lives on long trends; in a range it pays for every crossing, and it is always late.",
}
RISK = {
    "zh": "满仓或空仓，不设止损；回撤可达价格从高点到均线死叉之间的全部跌幅。",
    "en": "All in or out, without a stop: it may give back the whole fall from a high to the crossing below.",
}
EXTRAS: dict[str, dict[str, str]] = {}
REASONS = ("", "the shorter average rose above the longer", "the shorter average fell below the longer")


@dataclass(frozen=True)
class Params:
    """The two periods in bars; whichever is shorter is the fast one, and equal ones never cross."""

    fast: int = param(50, 1, 500, label_zh="短期均线（根）", label_en="Shorter average (bars)")
    slow: int = param(200, 2, 1000, label_zh="长期均线（根）", label_en="Longer average (bars)")


def warmup(params: Params) -> int:
    return max(params.fast, params.slow)


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    shape = panel.close.shape
    target, episode = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    reason = np.zeros(shape, dtype=np.int64)
    fast, slow = sorted((params.fast, params.slow))
    for n in range(shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        close = np.ascontiguousarray(panel.close[rows, n])
        gap = sma(close, fast) - sma(close, slow)
        member = np.ascontiguousarray(panel.member[rows, n])
        target[rows, n], episode[rows, n], reason[rows, n] = _levels(gap, member, rows)
    return Signals(target, episode, reason=reason, reasons=REASONS)


def _levels_of(gap: Floats, member: Bools, rows: Ints) -> tuple[Floats, Ints, Ints]:
    """Target, episode and reason of each bar; `gap` is fast - slow, `rows` are the panel rows of the bars."""
    size = len(gap)
    target, episode = np.full(size, np.nan), np.full(size, -1, np.int64)
    reason = np.zeros(size, np.int64)
    held, began, side = False, -1, 0.0
    for t in range(size):
        # Averages that merely touch have not crossed: the last side that was told stands.
        before, side = side, side if np.isnan(gap[t]) or gap[t] == 0.0 else np.sign(gap[t])
        if not member[t]:
            held = False
            continue
        if held and side < 0.0:
            held, began = False, rows[t]
        elif not held and before < 0.0 < side:
            held, began = True, rows[t]
        if began >= 0:
            target[t] = 1.0 if held else 0.0
            episode[t] = began
            reason[t] = 1 if held else 2
    return target, episode, reason


_levels = njit(cache=True)(_levels_of)
