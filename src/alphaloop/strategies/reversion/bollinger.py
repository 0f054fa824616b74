"""Buy a close that falls through the lower Bollinger band and sell when price is back at the middle."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.kernels.indicators.volatility import bollinger

CATEGORY = "mean_reversion"
LABEL = {"zh": "布林带均值回归", "en": "Bollinger mean reversion"}
SUMMARY = {
    "zh": "收盘价跌破下轨时买入，回到中轨时卖出。适合震荡行情；单边下跌时会连续亏损。",
    "en": "Buys when the close falls through the lower band, sells at the middle. Made for ranges; a long fall hurts.",
}
REASONS = ("", "close fell through the lower band", "close is back at the middle")


@dataclass(frozen=True)
class Params:
    period: int = param(20, 2, 500, label_zh="周期", label_en="Period")
    width: float = param(2.0, 0.1, 10.0, step=0.1, label_zh="带宽（标准差倍数）", label_en="Width (deviations)")


def warmup(params: Params) -> int:
    return params.period - 1


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    shape = panel.close.shape
    target, episode = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    reason = np.zeros(shape, dtype=np.int64)
    for n in range(shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        close = np.ascontiguousarray(panel.close[rows, n])
        bands = bollinger(close, params.period, params.width)
        member = np.ascontiguousarray(panel.member[rows, n])
        target[rows, n], episode[rows, n], reason[rows, n] = _levels(close, bands.lower, bands.middle, member, rows)
    return Signals(target, episode, reason=reason, reasons=REASONS)


def _levels_of(close: Floats, lower: Floats, middle: Floats, member: Bools, rows: Ints) -> tuple[Floats, Ints, Ints]:
    """Target, episode and reason of each bar; `rows` are the panel rows of the bars."""
    size = len(close)
    target, episode = np.full(size, np.nan), np.full(size, -1, np.int64)
    reason = np.zeros(size, np.int64)
    held, began = False, -1
    for t in range(size):
        if not member[t]:
            held = False
            continue
        if held and close[t] >= middle[t]:
            held, began = False, rows[t]
        elif not held and t > 0 and close[t] < lower[t] and close[t - 1] >= lower[t - 1]:
            held, began = True, rows[t]
        if began >= 0:
            target[t] = 1.0 if held else 0.0
            episode[t] = began
            reason[t] = 1 if held else 2
    return target, episode, reason


_levels = njit(cache=True)(_levels_of)
