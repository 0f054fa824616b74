"""Trade the gap between two prices that belong together: buy what lags, sell what leads, until the gap has closed.

Source: R. F. Engle and C. W. J. Granger, *Co-integration and error correction*, Econometrica 55 (1987), for the test;
E. Gatev, W. N. Goetzmann and K. G. Rouwenhorst, *Pairs trading: performance of a relative-value arbitrage rule*, Review
of Financial Studies 19 (2006), for the trade. It believes that what tied two prices together will tie them again. It
fails when the tie breaks for good (a merger, another line of business), and when many hold the same pairs.

Instruments are taken two by two in the order given; one left over is left alone. Over the last `lookback` rows on which
both have a bar the first log price is fitted on the second: the slope is the hedge ratio, and the newest residual in
deviations is the gap. It is traded only where the two are cointegrated in that window and neither leg is more than five
times the other, and given up when still open after five half-lives, in which all but a thirtieth should have closed.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.kernels.cointegration import cointegration
from alphaloop.kernels.regression import rolling_ols
from alphaloop.strategies._universe import need_instruments

CATEGORY = "mean_reversion"
LABEL = {"zh": "配对交易", "en": "Pairs trading"}
SUMMARY = {
    "zh": "两只协整的标的价差过大时买弱卖强，价差收敛时平仓。关系破裂时亏损，且没有止损。",
    "en": "When two cointegrated prices have come apart, buys the one behind and sells the one ahead until they meet. "
    "Loses when what tied them breaks.",
}
RISK = {
    "zh": "多空对冲，市场方向影响小；协整关系失效时价差可以一直扩大，只有时间止损。需要融券。",
    "en": "Hedged against the market, not against a broken tie: the gap may widen on, and only time ends it. "
    "Needs short selling.",
}
EXTRAS: dict[str, dict[str, str]] = {}
INSTRUMENTS = 2
P_VALUE_MAX = 0.05
HALF_LIVES_MAX = 5.0
# Where one leg is a fraction of the other there is no hedge, only a bet on the larger one.
HEDGE_MAX = 5.0
REASONS = (
    "",
    "the first is too cheap against the second",
    "the first is too dear against the second",
    "the gap has closed",
    "the gap did not close in time",
    "one of the two left the universe",
)


@dataclass(frozen=True)
class Params:
    lookback: int = param(250, 30, 1500, label_zh="协整窗口（根）", label_en="Window of the fit (bars)")
    entry_z: float = param(2.0, 0.5, 6.0, step=0.1, label_zh="入场偏离（标准差）", label_en="Entry gap (deviations)")
    exit_z: float = param(0.5, 0.0, 4.0, step=0.1, label_zh="离场偏离（标准差）", label_en="Exit gap (deviations)")


class Tie(NamedTuple):
    """The line a gap is measured by while it is traded: y = level + hedge x, `spread` deviations to one."""

    level: float
    hedge: float
    spread: float
    patience: int


def warmup(params: Params) -> int:
    return params.lookback


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    need_instruments(panel, INSTRUMENTS)
    shape = panel.close.shape
    target, episode = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    reason, group = np.zeros(shape, dtype=np.int64), np.full(shape, -1, dtype=np.int64)
    pairs = shape[1] // 2
    for k in range(pairs):
        both = slice(2 * k, 2 * k + 2)
        rows = np.flatnonzero(np.isfinite(panel.close[:, both]).all(axis=1))
        y, x = np.log(panel.close[rows, 2 * k]), np.log(panel.close[rows, 2 * k + 1])
        member = panel.member[rows, 2 * k] & panel.member[rows, 2 * k + 1]
        said = _levels(y, x, member, params)
        told = np.flatnonzero(said[:, 2] >= 0)
        at = rows[told]
        target[at, both] = said[told, :2] / pairs
        episode[at, both] = rows[said[told, 2].astype(np.int64)][:, None]
        reason[at, both] = said[told, 3].astype(np.int64)[:, None]
        group[at, both] = k
    return Signals(target, episode, reason=reason, reasons=REASONS, group=group)


def _levels(y: Floats, x: Floats, member: Bools, params: Params) -> Floats:
    """Weights of the two legs, row at which the intent began (-1: none yet) and reason, float64[T,4]."""
    said = np.column_stack([np.zeros((len(y), 2)), np.full(len(y), -1.0), np.zeros(len(y))])
    gaps = standing_gaps(y, x, params.lookback)
    began, why, side, tie = -1, 0, 0.0, Tie(0.0, 0.0, 1.0, 0)
    for t in range(1, len(y)):
        if side != 0.0:
            gap = (y[t] - tie.level - tie.hedge * x[t]) / tie.spread
            ended = _ending(side * gap >= -params.exit_z, t - began >= tie.patience, bool(member[t]))
            if ended:
                began, why, side = t, ended, 0.0
        elif member[t] and abs(gaps[t]) >= params.entry_z > abs(gaps[t - 1]):
            # A gap that has stood for a while has been judged already: only its opening is an event.
            found = cointegrated(y[: t + 1], x[: t + 1], params.lookback)
            if found is not None:
                tie, began = found, t
                side, why = (1.0, 1) if gaps[t] < 0.0 else (-1.0, 2)
        said[t, 2:] = began, why
        if side != 0.0:
            said[t, :2] = np.array([side, -side * tie.hedge]) / (1.0 + tie.hedge)
    return said


def _ending(closed: bool, late: bool, member: bool) -> int:
    return 3 if closed else 5 if not member else 4 if late else 0


def cointegrated(y: Floats, x: Floats, lookback: int) -> Tie | None:
    """The tie between the last `lookback` log prices; None unless they are cointegrated and hedge each other."""
    test = cointegration(y[-lookback:], x[-lookback:])
    hedge, life = float(test.hedge[0]), test.half_life
    # Written so that NaN is refused too.
    if not (test.p_value <= P_VALUE_MAX and 1.0 / HEDGE_MAX <= hedge <= HEDGE_MAX and life > 0.0):
        return None
    return Tie(test.intercept, hedge, float(np.std(test.spread)), math.ceil(HALF_LIVES_MAX * life))


def standing_gaps(y: Floats, x: Floats, lookback: int) -> Floats:
    """The newest residual of y on x over each window of `lookback` rows, in deviations of that window; else NaN."""
    line = rolling_ols(y, x, lookback)
    return _newest(np.ascontiguousarray(y), np.ascontiguousarray(x), line, lookback)


@njit(cache=True)
def _newest(y: Floats, x: Floats, line: Floats, lookback: int) -> Floats:
    made = np.full(len(y), np.nan)
    for t in range(lookback - 1, len(y)):
        level, hedge = line[t]
        squares = 0.0
        for i in range(t - lookback + 1, t + 1):
            squares += (y[i] - level - hedge * x[i]) ** 2
        spread = np.sqrt(squares / lookback)
        # Prices that are the same but for rounding have no gap.
        if spread > 1e-12:
            made[t] = (y[t] - level - hedge * x[t]) / spread
    return made
