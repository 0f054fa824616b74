"""Hold the shares that move most with small and with cheap companies, and choose anew every month.

Source: E. F. Fama and K. R. French, *Common risk factors in the returns on stocks and bonds*, Journal of Financial
Economics 33 (1993). It believes that size and value are paid for in the long run, and that a share earns both as far as
it moves with them, whatever it is called. It fails for years on end when large or dear companies lead, as from 2007 to
2020, and where a share's past loadings no longer describe it.

The factors of French's library appear weeks after the month they describe: loadings are those of a window that ended
`PUBLISHED_AFTER_DAYS` before the decision, so nothing is used before it could be read.
"""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Chan, Signals
from alphaloop.kernels.cross_section import zscore
from alphaloop.strategies._universe import (
    best_share,
    decision_rows,
    named_inputs,
    need_instruments,
    own_returns,
    rebalanced,
)

CATEGORY = "multi_factor"
LABEL = {"zh": "法玛-弗伦奇三因子", "en": "Fama-French three factors"}
SUMMARY = {
    "zh": "用三因子回归估计每只股票对规模与价值因子的敏感度，每月等权持有最敏感的一批。大盘成长股领涨时会长期落后。",
    "en": "Measures how each share moves with the size and value factors and holds the most exposed in equal parts, "
    "monthly. Lags for years when large growth leads.",
}
RISK = {
    "zh": "始终满仓做多小盘价值风格，无止损；风格逆风可持续十年以上，回撤通常大于大盘。",
    "en": "Always fully invested in small and cheap, no stop: the wind may be contrary for a decade, "
    "and it usually falls more than the market.",
}
EXTRAS = {
    "mkt_rf": {"zh": "市场超额收益（每行，小数）", "en": "the market's return above the riskless rate, a row, decimal"},
    "smb": {"zh": "规模因子收益（小减大）", "en": "the return of small less large companies, a row, decimal"},
    "hml": {"zh": "价值因子收益（高减低账面市值比）", "en": "the return of cheap less dear companies, a row, decimal"},
    "rf": {"zh": "无风险收益", "en": "the riskless return, a row, decimal"},
}
INSTRUMENTS = 2
PUBLISHED_AFTER_DAYS = 60
REASONS = ("moves most with small and cheap companies", "", "moves less with small and cheap companies")

_DAY_MS = 86_400_000
# A share with fewer of the window's returns is not judged.
_PRESENT_MIN = 0.9


@dataclass(frozen=True)
class Params:
    lookback: int = param(252, 24, 1500, label_zh="回归窗口（根）", label_en="Window of the regression (bars)")
    top_pct: float = param(0.2, 0.01, 1.0, step=0.01, label_zh="入选比例", label_en="Share that is held")


def warmup(params: Params) -> int:
    return params.lookback + 1


def needs(params: Params) -> list[Chan]:
    return []


def evaluate(panel: Panel, params: Params) -> Signals:
    need_instruments(panel, INSTRUMENTS)
    rows = decision_rows(panel)
    found = loadings(panel, rows, params.lookback)
    found[~panel.member[rows]] = np.nan
    score = zscore(found[:, :, 1]) + zscore(found[:, :, 2])
    return rebalanced(panel, rows, best_share(score, params.top_pct), REASONS)


def loadings(panel: Panel, rows: Ints, lookback: int) -> Floats:
    """Loadings on market, size and value, float64[D,N,3], from the newest `lookback` rows published by each of `rows`.

    Least squares of the share's return above the riskless one on the three factors and a constant; rows without
    factors are left out. NaN where too little is known. InvalidError names an absent input.
    """
    factors = np.column_stack([values[:, 0] for values in named_inputs(panel, EXTRAS)])
    excess = own_returns(panel) - factors[:, 3:]
    published = panel.close_ms[rows] - PUBLISHED_AFTER_DAYS * _DAY_MS
    ends = np.searchsorted(panel.close_ms, published, side="right")
    made = np.full((len(rows), panel.close.shape[1], 3), np.nan)
    for k, end in enumerate(ends):
        if end > lookback:
            made[k] = _fit(excess[end - lookback : end], factors[end - lookback : end, :3])
    return made


def _fit(excess: Floats, factors: Floats) -> Floats:
    """Loadings float64[N,3] of one window; shares that were there on the same days share one factorisation."""
    design = np.column_stack([np.ones(len(factors)), factors])
    there: Bools = np.isfinite(excess) & np.isfinite(factors).all(axis=1).reshape(-1, 1)
    made = np.full((excess.shape[1], 3), np.nan)
    groups: dict[bytes, list[int]] = {}
    for n in np.flatnonzero(there.mean(axis=0) >= _PRESENT_MIN).tolist():
        groups.setdefault(there[:, n].tobytes(), []).append(n)
    for shares in groups.values():
        days = there[:, shares[0]]
        q, r = np.linalg.qr(design[days])
        # Factors that say the same twice have no loadings of their own.
        if np.abs(np.diag(r)).min() > 1e-12:
            made[shares] = np.linalg.solve(r, q.T @ excess[days][:, shares])[1:].T
    return made
