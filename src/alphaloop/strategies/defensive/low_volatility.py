"""Hold in equal parts the instruments whose prices have swung least, and choose anew every month.

Source: D. C. Blitz and P. van Vliet, *The volatility effect: lower risk without lower return*, Journal of Portfolio
Management 34 (2007); M. Baker, B. Bradley and J. Wurgler, *Benchmarks as limits to arbitrage* (2011). It believes that
people overpay for excitement, so that calm shares earn as much for less risk. It fails when a rally lifts the weakest
most, when calm shares have become dear, and when rates rise against them.
"""

from dataclasses import dataclass

from alphaloop.engine.panel import Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.strategies._universe import best_share, decision_rows, need_instruments, own_deviation, rebalanced

CATEGORY = "defensive"
LABEL = {"zh": "低波动", "en": "Low volatility"}
SUMMARY = {
    "zh": "每月等权持有波动最小的一批标的。下跌时少亏；强劲反弹时落后。",
    "en": "Holds the calmest instruments in equal parts, chosen monthly. Loses less in a fall, lags in a strong rally.",
}
RISK = {
    "zh": "始终满仓做多，无止损；回撤小于大盘，但不会避免大跌。持仓常集中于少数防御行业。",
    "en": "Always fully invested, no stop: it falls less than its market but falls with it, "
    "and often sits in a few defensive sectors.",
}
EXTRAS: dict[str, dict[str, str]] = {}
INSTRUMENTS = 2
REASONS = ("among the calmest of the universe", "", "not among the calmest")


@dataclass(frozen=True)
class Params:
    lookback: int = param(252, 10, 1500, label_zh="波动率窗口（根）", label_en="Volatility window (bars)")
    top_pct: float = param(0.2, 0.01, 1.0, step=0.01, label_zh="入选比例", label_en="Share that is held")


def warmup(params: Params) -> int:
    return params.lookback


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    need_instruments(panel, INSTRUMENTS)
    rows = decision_rows(panel)
    weights = best_share(-own_deviation(panel, rows, params.lookback), params.top_pct)
    return rebalanced(panel, rows, weights, REASONS)
