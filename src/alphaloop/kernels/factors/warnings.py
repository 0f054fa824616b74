"""What a factor's report cannot see by itself: too few names, too short a history, the dead left out."""

from typing import Any

import numpy as np

from alphaloop.kernels.factor_report import FactorReport
from alphaloop.kernels.factors.own_rows import Floats

FEW_NAMES = 20
FEW_PERIODS = 30
THIN = 0.5
# An instrument that ends within this share of the history is taken for alive.
_TAIL = 0.02
TEXTS: dict[str, dict[str, str]] = {
    "nothing_told": {
        "zh": "没有一行能算出相关：品种太少，或历史比窗口短。",
        "en": "No row has a correlation: there are too few instruments, or fewer rows than the window needs.",
    },
    "few_names": {
        "zh": "每行只有约 {names} 个品种有因子值：单行的相关几乎全是噪声，分位也只有几个品种。",
        "en": "About {names} instruments a row have the factor: one row's correlation is mostly noise, and a quantile "
        "holds a handful of names.",
    },
    "short_history": {
        "zh": "最长的周期只有 {periods} 段互不重叠的历史：t 值会偏乐观。",
        "en": "The longest horizon has {periods} stretches that do not overlap: its t is too friendly.",
    },
    "survivors_only": {
        "zh": "{names} 个品种全都活到最后：退市的不在里面，结果会偏好，尤其是反转和价值。",
        "en": "All {names} instruments live to the end: delisted ones are missing, which flatters results, those of "
        "reversal and value most.",
    },
    "thin_coverage": {
        "zh": "有价格的品种里平均只有 {share}% 有因子值。",
        "en": "Only {share} % of the priced instruments have the factor on average.",
    },
    "uneven_rows": {
        "zh": "{share}% 的行里不到一半品种有 K 线：日历不同，比较的是不同的时刻。",
        "en": "On {share} % of the rows fewer than half of the instruments have a bar: their calendars differ, and so "
        "do the moments that are compared.",
    },
    "traded_at_once": {
        "zh": "延迟为 0：因子用到的收盘价也被当作成交价，没有账户做得到。",
        "en": "With a delay of 0 the close that the factor was made of is also traded, which no account can do.",
    },
}


def find_warnings(values: Floats, close: Floats, found: FactorReport) -> list[dict[str, Any]]:
    """[{code, text}] of what makes the report weaker than it looks; the numbers stand in the texts."""
    told = np.isfinite(values).sum(axis=1)
    rows = max((one.rows for one in found.ranked), default=0)
    if rows == 0:
        return [_warning("nothing_told")]
    made = []
    if (names := float(np.median(told[told > 0]))) < FEW_NAMES:
        made.append(_warning("few_names", names=f"{names:.0f}"))
    longest = max(found.ranked, key=lambda one: one.horizon)
    if (periods := longest.rows // longest.horizon) < FEW_PERIODS:
        made.append(_warning("short_history", periods=periods))
    priced = np.isfinite(close)
    last = len(close) - 1 - np.argmax(priced[::-1], axis=0)
    if priced.shape[1] > 1 and (last >= len(close) - 1 - _TAIL * len(close)).all():
        made.append(_warning("survivors_only", names=priced.shape[1]))
    if found.coverage < THIN:
        made.append(_warning("thin_coverage", share=f"{100 * found.coverage:.0f}"))
    first = np.argmax(priced, axis=0)
    place = np.arange(len(close))[:, None]
    living = ((place >= first) & (place <= last)).sum(axis=1)
    uneven = float(np.mean(2 * priced.sum(axis=1) < living))
    if uneven > 0.01:
        made.append(_warning("uneven_rows", share=f"{100 * uneven:.0f}"))
    if found.delay == 0:
        made.append(_warning("traded_at_once"))
    return made


def _warning(code: str, **numbers: Any) -> dict[str, Any]:
    return {"code": code, "text": {language: text.format(**numbers) for language, text in TEXTS[code].items()}}
