"""Buy Chan points of the bars' own level while the higher levels do not object; leave at a sell point or the stop.

It believes that a trend which has lost force turns at a first point, that the turn is proven when the pull-back holds
(the second), that a pivot left and not entered again is a trend (the third), and that all this is worth trading only
where the higher levels agree. It fails in a strong trend, whose weakening strokes give one first point after the other;
where the higher level goes sideways, so that its consent means little; and where prices gap, since a gap passes the
stop. A point that is only shown may be withdrawn: `stage` chooses between early and sure.

The stop stands under the point that was bought and stays there, so the loss it allows is known at the entry; an entry
whose stop lies more than `max_risk` below the close is left alone."""

from dataclasses import dataclass

import numpy as np

from alphaloop.engine.panel import Bools, Floats, Panel
from alphaloop.engine.params import choice, param, pattern
from alphaloop.engine.strategy import Chan, Signals, feature_key
from alphaloop.kernels.chan import PRESETS
from alphaloop.strategies.chan._holding import hold, kind_codes

CATEGORY = "chan"
LABEL = {"zh": "缠论多级别", "en": "Chan, several levels"}
SUMMARY = {
    "zh": "在本级别的买点做多，高级别需向上或处于买点；出现卖点或跌破止损离场。",
    "en": "Goes long at a buy point while higher levels agree; exits at a sell point or the stop below the point.",
}
STAGES = ("shown", "sure", "settled")
REASONS = {
    "shown": ("", "buy point shown", "sell point shown", "price fell to the stop"),
    "sure": ("", "buy point confirmed", "sell point confirmed", "price fell to the stop"),
    "settled": ("", "buy point settled", "sell point settled", "price fell to the stop"),
}

_THIRD = 5
_TIMEFRAME = "(1m|5m|15m|30m|1h|4h|1d|1w|1M)"
_KIND = "(1p?|2s?|3[ab])"


@dataclass(frozen=True)
class Params:
    levels: str = pattern(
        "own",
        f"own(,{_TIMEFRAME}){{0,4}}",
        label_zh="级别（own 为本级别，可加 4h,1d）",
        label_en="Levels (own, 4h, 1d)",
    )
    config: str = choice("CN-STRICT-1", tuple(sorted(PRESETS)), label_zh="缠论规则", label_en="Chan rules")
    points: str = choice("stroke", ("stroke", "segment"), label_zh="笔或线段的买卖点", label_en="Points of")
    kinds: str = pattern(
        "1,1p,2,2s,3a,3b",
        f"{_KIND}(,{_KIND}){{0,5}}",
        label_zh="买点类别（1,1p,2,2s,3a,3b）",
        label_en="Buy points (1, 1p, 2, 2s, 3a, 3b)",
    )
    stage: str = choice(
        "sure", STAGES, label_zh="买卖点状态（出现、确认、定型）", label_en="Point is shown, sure or settled"
    )
    max_age: int = param(40, 1, 500, label_zh="买点最长等待（根）", label_en="Oldest point (bars)")
    stop_buffer: float = param(0.002, 0.0, 0.2, step=0.001, label_zh="止损缓冲（比例）", label_en="Stop buffer (share)")
    max_risk: float = param(
        0.2, 0.001, 1.0, step=0.005, label_zh="止损最远距离（比例）", label_en="Widest stop (share of price)"
    )


def warmup(params: Params) -> int:
    # Fewer bars cannot hold the strokes of a pivot and its point.
    return 30


def needs(params: Params) -> list[Chan]:
    return [Chan(None if level == "own" else level, params.config) for level in dict.fromkeys(params.levels.split(","))]


def evaluate(panel: Panel, params: Params) -> Signals:
    own, *higher = needs(params)
    agreed = panel.member.copy()
    for need in higher:
        agreed &= _points_up(panel, need, params)
    kind, price, age, edge = (
        _column(panel, own, params, name) for name in ("point_kind", "point_price", "point_age", "pivot_zg")
    )
    good = np.ones(kind.shape, dtype=np.bool_)
    if params.stage != "shown":
        good = _column(panel, own, params, f"point_{params.stage}") == 1.0
    floor = np.where(kind == _THIRD, np.fmin(price, edge), price) * (1.0 - params.stop_buffer)
    buy = agreed & good & np.isin(kind, kind_codes(params.kinds)) & (age <= params.max_age)
    buy &= (panel.close > floor) & (floor >= panel.close * (1.0 - params.max_risk))
    target, stop, episode, reason = hold(panel, buy, np.where(good & (kind < 0), age, np.nan), price, floor)
    return Signals(target, episode, stop=stop, reason=reason, reasons=REASONS[params.stage])


def _column(panel: Panel, need: Chan, params: Params, name: str) -> Floats:
    """A column of the points asked for; those of segments have twins under other names."""
    if params.points == "segment":
        name = name.replace("stroke_", "segment_") if name.startswith("stroke_") else f"segment_{name}"
    # Before the first bar of an instrument a panel has no columns for it.
    return panel.features.get(feature_key(need, name), np.full(panel.close.shape, np.nan))


def _points_up(panel: Panel, need: Chan, params: Params) -> Bools:
    """Where a higher level does not object: its newest stroke (segment) rises, or its newest point is a buy."""
    rising: Bools = _column(panel, need, params, "stroke_direction") > 0
    return rising | (_column(panel, need, params, "point_kind") > 0)
