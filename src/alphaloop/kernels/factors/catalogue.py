"""Every factor by name, with what it needs and may be asked for: forms, commands and reports are made from this."""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import NamedTuple

import numpy.typing as npt

from alphaloop.kernels.factors import fundamental, momentum, reversion, volume
from alphaloop.kernels.factors.own_rows import Floats
from alphaloop.kernels.factors.words import WORDS

Text = dict[str, str]

CATEGORIES: dict[str, Text] = {
    "momentum": {"zh": "动量", "en": "Momentum"},
    "reversion": {"zh": "均值回归", "en": "Mean reversion"},
    "volume": {"zh": "量能", "en": "Volume"},
    "fundamental": {"zh": "基本面", "en": "Fundamental"},
}
INPUTS: dict[str, Text] = {
    "close": {"zh": "收盘价", "en": "closes"},
    "traded": {"zh": "成交额", "en": "value traded"},
    "volume": {"zh": "成交量", "en": "volume"},
    "shares": {"zh": "总股数", "en": "shares outstanding"},
    "market_cap": {"zh": "市值", "en": "market value"},
    "book_equity": {"zh": "净资产", "en": "book equity"},
    "earnings": {"zh": "年度净利润", "en": "a year's earnings"},
    "gross_profit": {"zh": "年度毛利", "en": "a year's gross profit"},
    "assets": {"zh": "总资产", "en": "total assets"},
}
FROM_BARS = frozenset({"close", "traded", "volume"})
ROWS_MAX = 5000


class Factor(NamedTuple):
    """One factor: `make` takes the tables named in `needs`, in that order, and the numbers of rows in `params`, whose
    defaults are given. Labels and meanings are in both languages."""

    key: str
    category: str
    make: Callable[..., Floats]
    needs: tuple[str, ...]
    params: dict[str, int]
    label: Text
    meaning: Text


_NEEDS: dict[str, dict[Callable[..., Floats], tuple[str, ...]]] = {
    "momentum": {
        momentum.momentum: ("close",),
        momentum.high_nearness: ("close",),
        momentum.steady_momentum: ("close",),
        momentum.rising_days: ("close",),
    },
    "reversion": {
        reversion.short_reversal: ("close",),
        reversion.long_reversal: ("close",),
        reversion.mean_gap: ("close",),
        reversion.rsi_gap: ("close",),
        reversion.max_return: ("close",),
    },
    "volume": {
        volume.illiquidity: ("close", "traded"),
        volume.turnover: ("volume", "shares"),
        volume.traded_value: ("traded",),
        volume.volume_shock: ("traded",),
        volume.obv_slope: ("close", "traded"),
    },
    "fundamental": {
        fundamental.book_to_market: ("book_equity", "market_cap"),
        fundamental.earnings_yield: ("earnings", "market_cap"),
        fundamental.size: ("market_cap",),
        fundamental.gross_profitability: ("gross_profit", "assets"),
        fundamental.return_on_equity: ("earnings", "book_equity"),
        fundamental.asset_growth: ("assets",),
    },
}


def _factor(category: str, make: Callable[..., Floats], needs: tuple[str, ...]) -> Factor:
    key = make.__name__
    zh, en, zh_meaning, en_meaning = WORDS[key]
    rows = {name: one.default for name, one in signature(make).parameters.items() if one.default is not one.empty}
    return Factor(key, category, make, needs, rows, {"zh": zh, "en": en}, {"zh": zh_meaning, "en": en_meaning})


FACTORS: dict[str, Factor] = {
    made.key: made
    for category, group in _NEEDS.items()
    for made in (_factor(category, make, needs) for make, needs in group.items())
}


def make_factor(key: str, inputs: Mapping[str, npt.ArrayLike], params: Mapping[str, int] | None = None) -> Floats:
    """The factor of that name, float64[T,N], from `inputs` by their names (`INPUTS`).

    ValueError for an unknown factor or parameter, an absent input, or numbers of rows that do not fit.
    """
    factor = FACTORS.get(key)
    if factor is None:
        raise ValueError(f"there is no factor {key}; there are {', '.join(FACTORS)}")
    given = dict(params or {})
    if wrong := given.keys() - factor.params.keys():
        raise ValueError(f"{key} has no parameter {min(wrong)}; it has {', '.join(factor.params) or 'none'}")
    if max(given.values(), default=0) > ROWS_MAX:
        raise ValueError(f"a window has {ROWS_MAX} rows at most")
    if absent := [name for name in factor.needs if name not in inputs]:
        raise ValueError(f"{key} needs {INPUTS[absent[0]]['en']} ({absent[0]})")
    return factor.make(*(inputs[name] for name in factor.needs), **(factor.params | given))
