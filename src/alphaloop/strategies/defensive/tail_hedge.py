"""Hold the underlying, and spend a small part of the account on puts far below it, again and again.

Source: V. Bhansali, *Tail Risk Hedging* (2014), for the case; R. Israelov, *Pathetic Protection: The Elusive Benefits
of Protective Puts*, Journal of Alternative Investments 21 (2019), against it. It believes that a crash hurts more than
its odds suggest, since it takes the means to buy cheaply afterwards. It fails in every year without one: the puts
expire worthless, and after a crash they have become dear. A slow decline is no crash either.
"""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.options.legs import Basis, Intent, Legs, lay_legs
from alphaloop.engine.panel import Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.strategies._monthly_options import DAY_MS, monthly_expiry, near_strike, strike_step
from alphaloop.strategies._monthly_options import EXTRAS as EXTRAS
from alphaloop.strategies._universe import named_inputs

CATEGORY = "defensive"
LABEL = {"zh": "尾部对冲", "en": "Tail hedge"}
SUMMARY = {
    "zh": "持有标的，并定期以小额预算买入深度虚值认沽。暴跌时获赔；平静年份持续付出保费。",
    "en": "Holds the underlying and keeps buying puts far below it on a small budget. Pays in a crash, costs in calm.",
}
RISK = {
    "zh": "期权部分最多损失每期预算；标的部分与市场同跌，直到跌破认沽行权价。",
    "en": "The puts lose no more than their budget each time; the holding falls with its market down to their strike.",
}
REASON = "holds the underlying, less the price of its puts"


@dataclass(frozen=True)
class Params:
    budget_pct: float = param(
        0.005, 0.0005, 0.05, step=0.0005, label_zh="每期预算（占权益）", label_en="Budget each time (share of equity)"
    )
    moneyness: float = param(
        0.85, 0.5, 1.0, step=0.01, label_zh="行权价 / 现价", label_en="Strike as a share of the price"
    )
    days: int = param(60, 14, 365, label_zh="至少剩余天数", label_en="Days to expiry, at least")


def warmup(params: Params) -> int:
    return 0


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    """The underlying with all that the puts leave, weighed anew whenever they are bought."""
    named_inputs(panel, EXTRAS)
    target, episode = np.full(panel.close.shape, np.nan), np.full(panel.close.shape, -1, dtype=np.int64)
    for row, _ in _purchases(panel, params):
        target[row:], episode[row:] = 1.0 - params.budget_pct, row
    reason = np.where(np.isfinite(target), 1, 0).astype(np.int64)
    return Signals(target, episode, reason=reason, reasons=("", REASON))


def legs(panel: Panel, params: Params) -> Legs:
    """One put at a time, sold and replaced when half of `days` is left."""
    named_inputs(panel, EXTRAS)
    bought = _purchases(panel, params)
    ends = [row for row, _ in bought[1:]] + [len(panel.ts_ms)]
    intents = []
    for (row, expiry_ms), end in zip(bought, ends, strict=True):
        spot = float(panel.close[row, 0])
        strike = near_strike(params.moneyness * spot, strike_step(spot))
        said = f"put at {strike:g}, {params.moneyness:.0%} of {spot:g}"
        intents.append(Intent(row, end, expiry_ms, ((strike, False, 1.0),), params.budget_pct, said))
    return lay_legs(len(panel.ts_ms), intents, Basis.PREMIUM)


def _purchases(panel: Panel, params: Params) -> list[tuple[int, int]]:
    """(row, expiry) of every put."""
    made: list[tuple[int, int]] = []
    for row in np.flatnonzero(panel.member[:, 0]).tolist():
        now = int(panel.close_ms[row])
        if not made or made[-1][1] - now < params.days * DAY_MS / 2:
            made.append((row, monthly_expiry(now, params.days)))
    return made
