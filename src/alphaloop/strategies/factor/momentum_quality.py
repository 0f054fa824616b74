"""Hold the shares that have risen most and earn most on what they own, and choose anew every month.

Source: N. Jegadeesh and S. Titman, *Returns to buying winners and selling losers*, Journal of Finance 48 (1993), whose
last month is skipped because it tends to reverse; R. Novy-Marx, *The other side of value: the gross profitability
premium*, Journal of Financial Economics 108 (2013). It believes that news is priced slowly and that good business is
underpaid, and that winners with earnings fall less than winners without. It fails in a sharp rebound, which lifts the
losers, and when everybody holds the same winners.

Return on assets is used and not on equity, because debt lifts the latter. It must be as known on each row.
"""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.panel import Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.kernels.cross_section import rank
from alphaloop.strategies._universe import (
    best_share,
    decision_rows,
    named_inputs,
    need_instruments,
    own_growth,
    rebalanced,
)

CATEGORY = "multi_factor"
LABEL = {"zh": "动量加质量", "en": "Momentum and quality"}
SUMMARY = {
    "zh": "按过去一年涨幅（略去最近一月）与资产回报率的排名之和，每月等权持有最好的一批。急速反弹时会落后。",
    "en": "Ranks shares by the past year's rise, its last month left out, and by return on assets; holds the best in "
    "equal parts, monthly. Lags in a sharp rebound.",
}
RISK = {
    "zh": "始终满仓做多，无止损；动量反转时回撤集中而迅速，换手较高。",
    "en": "Always fully invested, no stop: when momentum turns it falls quickly, and it trades a good deal.",
}
EXTRAS = {
    "return_on_assets": {
        "zh": "资产回报率（截至当时已公布，任意单位）",
        "en": "return on assets of each share as last published, any unit",
    }
}
INSTRUMENTS = 2
REASONS = ("among the best by rise and return on assets", "", "others rose or earn more")


@dataclass(frozen=True)
class Params:
    lookback: int = param(252, 20, 1500, label_zh="动量窗口（根）", label_en="Window of the rise (bars)")
    skip: int = param(21, 0, 250, label_zh="略去最近（根）", label_en="Left out at its end (bars)")
    top_pct: float = param(0.2, 0.01, 1.0, step=0.01, label_zh="入选比例", label_en="Share that is held")


def warmup(params: Params) -> int:
    return max(params.lookback, params.skip + 1)


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    need_instruments(panel, INSTRUMENTS)
    [quality] = named_inputs(panel, EXTRAS)
    rows = decision_rows(panel)
    # The window begins `lookback` bars ago and ends `skip` bars ago; a skip as long as it leaves one bar.
    growth = own_growth(panel, rows, max(params.lookback - params.skip, 1), params.skip)
    earned = np.broadcast_to(quality, panel.close.shape)[rows]
    both = np.isfinite(growth) & np.isfinite(earned)
    score = rank(np.where(both, growth, np.nan)) + rank(np.where(both, earned, np.nan))
    return rebalanced(panel, rows, best_share(score, params.top_pct), REASONS)
