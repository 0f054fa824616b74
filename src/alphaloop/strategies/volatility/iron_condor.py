"""Sell a put and a call away from the price, buy one of each farther away, and hope that nothing happens.

Source: Cboe, *S&P 500 Iron Condor Index (CNDR) methodology*; J. Coval and T. Shumway, *Expected Option Returns*,
Journal of Finance 56 (2001), on why sold options earn. It believes that people pay more for protection than it costs.
It fails when prices move far in one direction before the expiry: many small gains are then lost at once, and a stop
decided at one close is met at the next, which may be far away.
"""

import math
from dataclasses import dataclass

import numpy as np

from alphaloop.engine.options.legs import Basis, Intent, Legs, lay_legs
from alphaloop.engine.panel import Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.strategies._monthly_options import EXTRAS as EXTRAS
from alphaloop.strategies._monthly_options import (
    model_prices,
    monthly_expiry,
    near_strike,
    no_orders,
    strike_at_delta,
    strike_step,
)
from alphaloop.strategies._universe import named_inputs

CATEGORY = "volatility"
LABEL = {"zh": "铁鹰", "en": "Iron condor"}
SUMMARY = {
    "zh": "每个月度到期卖出一组铁鹰，赚取时间价值；单边大涨大跌时亏损，最大亏损有限。",
    "en": "Sells one iron condor for every monthly expiry and earns its decay. Loses, within limits, on a large move.",
}
RISK = {
    "zh": "每组最大亏损为两翼宽度（保证金），占权益五分之一；收益小而多，亏损少而大。",
    "en": "A condor can lose no more than the width of its wings, a fifth of the equity: small gains often, "
    "a large loss now and then.",
}
# Of the equity stands behind one condor.
SHARE = 0.2
# It ends when half of its credit is earned, or when twice its credit is lost, by the model's prices.
TAKE, LOSS = 0.5, 2.0


@dataclass(frozen=True)
class Params:
    short_delta: float = param(0.16, 0.05, 0.45, step=0.01, label_zh="卖出腿 Delta", label_en="Delta of what is sold")
    wing: float = param(0.03, 0.01, 0.2, step=0.005, label_zh="翼宽（占现价）", label_en="Wing (share of the price)")
    days: int = param(30, 7, 180, label_zh="至少剩余天数", label_en="Days to expiry, at least")


def warmup(params: Params) -> int:
    return 0


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    named_inputs(panel, EXTRAS)
    return no_orders(panel)


def legs(panel: Panel, params: Params) -> Legs:
    """One condor per monthly expiry at most, the next one when the last has ended."""
    named_inputs(panel, EXTRAS)
    intents: list[Intent] = []
    for row in np.flatnonzero(panel.member[:, 0]).tolist():
        if intents and row < intents[-1].closed:
            continue
        expiry_ms = monthly_expiry(int(panel.close_ms[row]), params.days)
        if intents and expiry_ms == intents[-1].expiry_ms:
            continue
        made = _condor(panel, row, expiry_ms, params)
        if made is not None:
            intents.append(made)
    return lay_legs(len(panel.ts_ms), intents, Basis.RISK)


def _condor(panel: Panel, row: int, expiry_ms: int, params: Params) -> Intent | None:
    """The condor decided at a row and where it ends; None without inputs or without a credit."""
    put = strike_at_delta(panel, row, expiry_ms, params.short_delta, call=False)
    call = strike_at_delta(panel, row, expiry_ms, params.short_delta, call=True)
    if math.isnan(put) or math.isnan(call):
        return None
    spot = float(panel.close[row, 0])
    step = strike_step(spot)
    wide = near_strike(params.wing * spot, step)
    chosen = ((max(put - wide, step), False, 1.0), (put, False, -1.0), (call, True, -1.0), (call + wide, True, 1.0))
    strike, is_call, ratio = (np.array(column) for column in zip(*chosen, strict=True))
    rows = np.arange(row, np.searchsorted(panel.close_ms, expiry_ms))
    worth = -model_prices(panel, rows, expiry_ms, strike, is_call) @ ratio
    credit = float(worth[0])
    if not credit > 0.0:
        return None
    with np.errstate(invalid="ignore"):
        over = np.flatnonzero((worth <= (1.0 - TAKE) * credit) | (worth >= (1.0 + LOSS) * credit))
    end = int(rows[over[0]]) if len(over) else int(np.searchsorted(panel.close_ms, expiry_ms))
    said = f"{strike[0]:g}/{strike[1]:g} puts, {strike[2]:g}/{strike[3]:g} calls for {credit:.2f}"
    return Intent(row, end, expiry_ms, chosen, SHARE, said)
