"""Buy a close above the highest high of the bars before it and sell one below the lowest low: the Donchian channel.

Source: R. D. Donchian's channel breakout, in the form of C. Faith, *Way of the Turtle* (2007), system 2, with a
shorter channel for the exit than for the entry; long side only.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals

CATEGORY = "trend_following"
LABEL = {"zh": "通道突破", "en": "Channel breakout"}
SUMMARY = {
    "zh": "收盘价高于此前若干根 K 线的最高价时买入，低于此前若干根的最低价时卖出。靠少数大行情获利；震荡时会反复小亏。",
    "en": "Buys a close above the highest high of the bars before, sells one below the lowest low. "
    "Lives on a few long moves; a range costs many small losses.",
}
REASONS = ("", "close rose above the channel", "close fell below the exit channel")


@dataclass(frozen=True)
class Params:
    entry_bars: int = param(60, 2, 500, label_zh="入场通道（根）", label_en="Entry channel (bars)")
    exit_bars: int = param(20, 2, 500, label_zh="离场通道（根）", label_en="Exit channel (bars)")


def warmup(params: Params) -> int:
    return max(params.entry_bars, params.exit_bars)


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    shape = panel.close.shape
    target, episode = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    reason = np.zeros(shape, dtype=np.int64)
    for n in range(shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        high, low, close = (np.ascontiguousarray(column[rows, n]) for column in (panel.high, panel.low, panel.close))
        # A table that knows only closes has its channel of closes.
        high, low = np.where(np.isnan(high), close, high), np.where(np.isnan(low), close, low)
        upper, lower = _highest_before(high, params.entry_bars), -_highest_before(-low, params.exit_bars)
        member = np.ascontiguousarray(panel.member[rows, n])
        target[rows, n], episode[rows, n], reason[rows, n] = _levels(close, upper, lower, member, rows)
    return Signals(target, episode, reason=reason, reasons=REASONS)


def _highest_before_of(values: Floats, bars: int) -> Floats:
    """The highest of the `bars` values before each one; NaN where there are fewer."""
    size = len(values)
    found = np.full(size, np.nan)
    # Places of values that no later one in the window exceeds, the highest first.
    queue, head, tail = np.empty(size, np.int64), 0, 0
    for t in range(size):
        if t >= bars:
            while queue[head] < t - bars:
                head += 1
            found[t] = values[queue[head]]
        while tail > head and values[queue[tail - 1]] <= values[t]:
            tail -= 1
        queue[tail] = t
        tail += 1
    return found


def _levels_of(close: Floats, upper: Floats, lower: Floats, member: Bools, rows: Ints) -> tuple[Floats, Ints, Ints]:
    """Target, episode and reason of each bar; `rows` are the panel rows of the bars."""
    size = len(close)
    target, episode = np.full(size, np.nan), np.full(size, -1, np.int64)
    reason = np.zeros(size, np.int64)
    held, began = False, -1
    for t in range(size):
        if not member[t]:
            held = False
            continue
        if held and close[t] < lower[t]:
            held, began = False, rows[t]
        elif not held and close[t] > upper[t]:
            held, began = True, rows[t]
        if began >= 0:
            target[t] = 1.0 if held else 0.0
            episode[t] = began
            reason[t] = 1 if held else 2
    return target, episode, reason


_highest_before = njit(cache=True)(_highest_before_of)
_levels = njit(cache=True)(_levels_of)
