"""Every factor by name, with what it needs and may be asked for: forms, commands and reports are made from this.

It is read by processes that never compute one, so arrays are imported only where a factor is made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from alphaloop.kernels.factors.words import WORDS

if TYPE_CHECKING:
    import numpy.typing as npt

    from alphaloop.kernels.factors.own_rows import Floats

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
    """One factor: `needs` are the tables it is made of, `params` its numbers of rows with their defaults. Its
    function is called like it, in the module called like its category. Texts are in both languages."""

    key: str
    category: str
    needs: tuple[str, ...]
    params: dict[str, int]
    label: Text
    meaning: Text


_YEAR = {"lookback": 252, "skip": 21}
_MONTH = {"lookback": 21}
_FACTS: dict[str, dict[str, tuple[str, dict[str, int]]]] = {
    "momentum": {
        "momentum": ("close", _YEAR),
        "high_nearness": ("close", {"lookback": 252}),
        "steady_momentum": ("close", _YEAR),
        "rising_days": ("close", _YEAR),
    },
    "reversion": {
        "short_reversal": ("close", _MONTH),
        "long_reversal": ("close", {"lookback": 756, "skip": 252}),
        "mean_gap": ("close", {"lookback": 20}),
        "rsi_gap": ("close", {"period": 14}),
        "max_return": ("close", _MONTH),
    },
    "volume": {
        "illiquidity": ("close traded", _MONTH),
        "turnover": ("volume shares", _MONTH),
        "traded_value": ("traded", {"lookback": 63}),
        "volume_shock": ("traded", {"recent": 5, "lookback": 50}),
        "obv_slope": ("close traded", {"lookback": 20}),
    },
    "fundamental": {
        "book_to_market": ("book_equity market_cap", {}),
        "earnings_yield": ("earnings market_cap", {}),
        "size": ("market_cap", {}),
        "gross_profitability": ("gross_profit assets", {}),
        "return_on_equity": ("earnings book_equity", {}),
        "asset_growth": ("assets", {"lookback": 252}),
    },
}


def _factor(key: str, category: str, needs: str, params: dict[str, int]) -> Factor:
    zh, en, zh_meaning, en_meaning = WORDS[key]
    return Factor(
        key, category, tuple(needs.split()), params, {"zh": zh, "en": en}, {"zh": zh_meaning, "en": en_meaning}
    )


FACTORS: dict[str, Factor] = {
    key: _factor(key, category, *facts) for category, group in _FACTS.items() for key, facts in group.items()
}


def make_factor(key: str, inputs: "Mapping[str, npt.ArrayLike]", params: Mapping[str, int] | None = None) -> "Floats":
    """The factor of that name, float64[T,N], from `inputs` by their names (`INPUTS`).

    ValueError for an unknown factor or parameter, an absent input, or numbers of rows that do not fit.
    """
    from alphaloop.kernels.factors import fundamental, momentum, reversion, volume

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
    modules = {"momentum": momentum, "reversion": reversion, "volume": volume, "fundamental": fundamental}
    make = getattr(modules[factor.category], key)
    made: Floats = make(*(inputs[name] for name in factor.needs), **(factor.params | given))
    return made
