"""Hold what has risen and sell what has fallen, the calm ones in larger size, the whole swinging as much as wanted.

Source: T. J. Moskowitz, Y. H. Ooi and L. H. Pedersen, *Time series momentum*, Journal of Financial Economics (2012);
B. Hurst, Y. H. Ooi and L. H. Pedersen, *A century of evidence on trend-following investing* (2017). It believes that
prices move towards news slowly and then too far, and that many markets seldom trend in one step. It fails when markets
turn together, and in years without trends, which it pays for with every month's change of mind.

Prices are positive return indices: for back-adjusted futures, whose price may be negative, `kernels.futures_index`
makes them. A weight is a share of equity in notional, without margin.
"""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.strategies._universe import decision_rows, own_deviation, own_growth, own_returns, rebalanced

CATEGORY = "macro_hedge"
LABEL = {"zh": "商品趋势（CTA）", "en": "Commodity trend (CTA)"}
SUMMARY = {
    "zh": "对上涨的商品做多、下跌的做空，按波动率分配仓位，每月调整，使组合波动接近目标。趋势行情获利，震荡年份亏损。",
    "en": "Long what rose, short what fell, sized by volatility to a target for the whole, monthly. "
    "Earns in trends, loses in years without them.",
}
RISK = {
    "zh": "多空双向；总名义仓位不超过权益，因此实际波动可能低于目标；相关性骤升时可能高于目标。",
    "en": "Long and short. Notional never exceeds equity, so it may swing less than the target; "
    "it swings more when markets suddenly move together.",
}
EXTRAS: dict[str, dict[str, str]] = {}
INSTRUMENTS = 1
REASONS = ("it has risen over the window", "it has fallen over the window", "no trend is known")

_YEAR_MS = 365.25 * 86_400_000


@dataclass(frozen=True)
class Params:
    lookback: int = param(252, 10, 1500, label_zh="趋势窗口（根）", label_en="Trend window (bars)")
    vol_target: float = param(
        0.1, 0.01, 1.0, step=0.01, label_zh="目标年化波动率", label_en="Target volatility (a year)"
    )


def warmup(params: Params) -> int:
    return params.lookback


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    rows = decision_rows(panel)
    trend = np.sign(own_growth(panel, rows, params.lookback))
    raw = np.nan_to_num(trend / own_deviation(panel, rows, params.lookback))
    swing = _yearly_swing(panel, rows, raw, params.lookback)
    weights = raw * (params.vol_target / np.where(swing > 0.0, swing, np.inf))[:, None]
    gross = np.abs(weights).sum(axis=1)
    return rebalanced(panel, rows, weights / np.maximum(gross, 1.0)[:, None], REASONS)


def _yearly_swing(panel: Panel, rows: Ints, weights: Floats, lookback: int) -> Floats:
    """Deviation a year, float64[D], that these weights [D,N] would have had over the rows of the window.

    What moved together counts together, so no table of correlations is needed.
    """
    returns = np.nan_to_num(own_returns(panel))
    swing = np.zeros(len(rows))
    for k, row in enumerate(rows):
        window = slice(row + 1 - lookback, row + 1)
        earned = (returns[window] * weights[k]).sum(axis=1)
        years = float(panel.ts_ms[row] - panel.ts_ms[row - lookback]) / _YEAR_MS
        swing[k] = earned.std(ddof=1) * np.sqrt(lookback / years)
    return swing
