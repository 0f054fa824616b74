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
    # One piece of memory for all three: each piece costs the system some time of its own.
    table = np.empty((3, *shape))
    target, (episode, reason) = table[0], table[1:].view(np.int64)
    close, member = np.ascontiguousarray(panel.close), np.ascontiguousarray(panel.member)
    fast, slow = sorted((params.fast, params.slow))
    for n in range(shape[1]):
        averages = panel.over_closes(n, sma, fast), panel.over_closes(n, sma, slow)
        _mark(close, member, n, *averages, target, episode, reason)
    return Signals(target, episode, reason=reason, reasons=REASONS)


@njit(cache=True)
def _mark(
    close: Floats,
    member: Bools,
    n: int,
    fast: Floats,
    slow: Floats,
    target: Floats,
    episode: Ints,
    reason: Ints,
) -> None:
    """Write column n of target, episode and reason; the averages have one value for each close that is there."""
    bar, began, held, below = 0, -1, False, False
    told, why = np.nan, 0
    for t in range(len(close)):
        target[t, n], episode[t, n], reason[t, n] = np.nan, -1, 0
        if np.isnan(close[t, n]):
            continue
        over, under = fast[bar] > slow[bar], fast[bar] < slow[bar]
        bar += 1
        if not member[t, n]:
            held = False
        else:
            if held and under:
                held, began, told, why = False, t, 0.0, 2
            elif not held and below and over:
                held, began, told, why = True, t, 1.0, 1
            target[t, n], episode[t, n], reason[t, n] = told, began, why
        # Averages that merely touch have not crossed: the last side that was told stands.
        if over or under:
            below = under
