"""Hold the sectors that have risen most, as far as they have risen at all, and choose anew every month.

Source: T. J. Moskowitz and M. Grinblatt, *Do industries explain momentum?*, Journal of Finance 54 (1999); M. T. Faber,
*Relative strength strategies for investing* (2010), with cash for what has fallen. It believes that money moves between
sectors slowly, so that leaders lead a while longer. It fails at turning points, where last year's leaders fall first,
and in a quick fall and rise, of which it keeps the fall only.
"""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.panel import Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.strategies._universe import decision_rows, need_instruments, own_growth, rebalanced

CATEGORY = "macro_hedge"
LABEL = {"zh": "行业轮动", "en": "Sector rotation"}
SUMMARY = {
    "zh": "每月等权持有涨幅最大的几个行业；没有上涨的份额留作现金。靠领涨行业延续；拐点处会吃亏。",
    "en": "Holds the sectors that rose most, chosen monthly; the part that has not risen stays in cash. "
    "Lives on leaders that go on leading, pays at turning points.",
}
RISK = {
    "zh": "只做多，最多满仓；普跌一段时间后才会转为现金，急跌时来不及离场。",
    "en": "Long only, at most fully invested: it goes to cash after a fall, not before it.",
}
EXTRAS: dict[str, dict[str, str]] = {}
INSTRUMENTS = 2
REASONS = ("among the sectors that rose most", "", "others rose more, or it has fallen")


@dataclass(frozen=True)
class Params:
    lookback: int = param(126, 5, 1500, label_zh="涨幅窗口（根）", label_en="Window of the rise (bars)")
    top_n: int = param(3, 1, 50, label_zh="持有行业数", label_en="Sectors held")


def warmup(params: Params) -> int:
    return params.lookback


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    need_instruments(panel, INSTRUMENTS)
    rows = decision_rows(panel)
    growth = own_growth(panel, rows, params.lookback)
    place = np.argsort(np.argsort(-growth, axis=1, kind="stable"), axis=1, kind="stable")
    # A sector that is left out because it fell leaves its part in cash.
    chosen = (growth > 0.0) & (place < params.top_n)
    return rebalanced(panel, rows, chosen / params.top_n, REASONS)
