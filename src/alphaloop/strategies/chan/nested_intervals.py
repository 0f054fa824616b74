"""Buy where all levels turn at once (区间套): at a higher buy point that lower ones confirm inside its last stroke.

It believes that the turn of a high level is made of turns of the levels below, so that the stroke which ends at a high
buy point can be searched for the buy point of the level below, and so on down to the bars' own level, which names the
bar. The high level gives the size of the move, the lowest one the moment and a near stop; five to eight times from
level to level suits it. It fails when the high point is withdrawn (a strong trend makes a new low, and the stop ends
the trade), when the low level turned long before the high point was seen (`max_age` and `max_risk` leave such entries
alone), and where prices gap through the stop.

The stop stands under the lower of the two points and stays there: below it the turn did not happen. It leaves when the
newest high point is a sell that the levels below confirm in the same way, which is also so when the buy point is
withdrawn and an older sell is the newest again. Levels that are not above the bars' own count as their own."""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.features import Need, Nested, nested_key
from alphaloop.engine.panel import Bools, Floats, Panel
from alphaloop.engine.params import choice, param, pattern
from alphaloop.engine.strategy import Chan, Signals, feature_key
from alphaloop.kernels.chan import PRESETS
from alphaloop.strategies.chan._holding import hold, kind_codes

CATEGORY = "chan"
LABEL = {"zh": "缠论区间套", "en": "Chan, nested intervals"}
SUMMARY = {
    "zh": "高级别出现买点，且其最后一笔内各低级别也有买点时做多；对称的卖点或跌破止损离场。",
    "en": "Goes long at a higher buy point that lower levels confirm inside its last stroke; exits in mirror image.",
}
STAGES = ("shown", "sure", "settled")
REASONS = ("", "buy point nested", "sell point nested", "price fell to the stop")

_KIND = "(1p?|2s?|3[ab])"


@dataclass(frozen=True)
class Params:
    levels: str = pattern(
        "30m,own",
        "(?!own)(1M,)?(1w,)?(1d,)?(4h,)?(1h,)?(30m,)?(15m,)?(5m,)?(1m,)?own",
        label_zh="级别，从高到低（如 1d,30m,own；own 为本级别）",
        label_en="Levels from the highest down (1d,30m,own; own = the bars')",
    )
    config: str = choice("CN-STRICT-1", tuple(sorted(PRESETS)), label_zh="缠论规则", label_en="Chan rules")
    points: str = choice("stroke", ("stroke", "segment"), label_zh="笔或线段的买卖点", label_en="Points of")
    kinds: str = pattern(
        "1,1p,2,2s,3a,3b",
        f"{_KIND}(,{_KIND}){{0,5}}",
        label_zh="高级别买点类别",
        label_en="Buy points of the highest level",
    )
    stage: str = choice("shown", STAGES, label_zh="高级别买卖点状态", label_en="Highest level's point is")
    nested_kinds: str = pattern(
        "1,1p,2,2s,3a,3b",
        f"{_KIND}(,{_KIND}){{0,5}}",
        label_zh="本级别买点类别",
        label_en="Buy points of the lowest level",
    )
    nested_stage: str = choice("sure", STAGES, label_zh="本级别买卖点状态", label_en="Lowest level's point is")
    max_age: int = param(40, 1, 1000, label_zh="本级别买点最长等待（根）", label_en="Oldest nested point (bars)")
    stop_buffer: float = param(0.002, 0.0, 0.2, step=0.001, label_zh="止损缓冲（比例）", label_en="Stop buffer (share)")
    max_risk: float = param(
        0.1, 0.001, 1.0, step=0.005, label_zh="止损最远距离（比例）", label_en="Widest stop (share of price)"
    )


def warmup(params: Params) -> int:
    # Fewer bars cannot hold the strokes of a pivot and its point.
    return 30


def needs(params: Params) -> list[Need]:
    timeframes = tuple(None if level == "own" else level for level in params.levels.split(","))
    return [Chan(timeframes[0], params.config), Nested(timeframes, params.config, params.points)]


def evaluate(panel: Panel, params: Params) -> Signals:
    kind, price = _outer(panel, params, "point_kind"), _outer(panel, params, "point_price")
    nested, at, age = (_nested(panel, params, name) for name in ("nested_kind", "nested_price", "nested_age"))
    good = _reached(panel, params)
    floor = np.fmin(price, at) * (1.0 - params.stop_buffer)
    buy = panel.member & good & (age <= params.max_age)
    buy &= np.isin(kind, kind_codes(params.kinds)) & np.isin(nested, kind_codes(params.nested_kinds))
    buy &= (panel.close > floor) & (floor >= panel.close * (1.0 - params.max_risk))
    # The newest high point was the buy when the position began, so a sell in its place is news, whatever its age.
    sell_age = np.where(good & (nested < 0), 0.0, np.nan)
    target, stop, episode, reason = hold(panel, buy, sell_age, at, floor)
    return Signals(target, episode, stop=stop, reason=reason, reasons=REASONS)


def _reached(panel: Panel, params: Params) -> Bools:
    """Where the highest and the lowest point are both as far in their lives as asked."""
    reached = np.isfinite(_nested(panel, params, "nested_kind"))
    if params.stage != "shown":
        reached &= _outer(panel, params, f"point_{params.stage}") == 1.0
    if params.nested_stage != "shown":
        reached &= _nested(panel, params, f"nested_{params.nested_stage}") == 1.0
    return reached


def _outer(panel: Panel, params: Params, name: str) -> Floats:
    need = needs(params)[0]
    assert isinstance(need, Chan)
    column = name if params.points == "stroke" else f"segment_{name}"
    # Before the first bar of an instrument a panel has no columns for it.
    return panel.features.get(feature_key(need, column), np.full(panel.close.shape, np.nan))


def _nested(panel: Panel, params: Params, name: str) -> Floats:
    need = needs(params)[1]
    assert isinstance(need, Nested)
    return panel.features.get(nested_key(need, name), np.full(panel.close.shape, np.nan))
