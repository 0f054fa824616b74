"""Buy confirmed Chan points of the bars' own level while the higher levels agree; leave at a sell point or the stop."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.engine.params import choice, param, pattern
from alphaloop.engine.strategy import Chan, Signals, feature_key
from alphaloop.kernels.chan import PRESETS

CATEGORY = "chan"
LABEL = {"zh": "缠论多级别", "en": "Chan, several levels"}
SUMMARY = {
    "zh": "本级别的一、二、三类买点确认后做多，高级别需向上或处于买点；出现卖点或跌破止损离场。",
    "en": "Goes long on a confirmed first, second or third buy point while higher levels agree; exits on a sell point.",
}
REASONS = ("", "buy point confirmed", "sell point confirmed", "price fell to the stop")

_THIRD = 5
_TIMEFRAME = "(1m|5m|15m|30m|1h|4h|1d|1w|1M)"


@dataclass(frozen=True)
class Params:
    levels: str = pattern(
        "own",
        f"own(,{_TIMEFRAME}){{0,4}}",
        label_zh="级别（own 为本级别，可加 4h,1d）",
        label_en="Levels (own, 4h, 1d)",
    )
    config: str = choice("CN-STRICT-1", tuple(sorted(PRESETS)), label_zh="缠论规则", label_en="Chan rules")
    max_age: int = param(40, 1, 500, label_zh="买点最长等待（根）", label_en="Oldest point (bars)")
    stop_buffer: float = param(0.002, 0.0, 0.2, step=0.001, label_zh="止损缓冲（比例）", label_en="Stop buffer (share)")


def warmup(params: Params) -> int:
    # Fewer bars cannot hold the strokes of a pivot and its point.
    return 30


def needs(params: Params) -> list[Chan]:
    return [Chan(None if level == "own" else level, params.config) for level in dict.fromkeys(params.levels.split(","))]


def evaluate(panel: Panel, params: Params) -> Signals:
    own, *higher = needs(params)
    shape = panel.close.shape
    target, stop = np.full(shape, np.nan), np.full(shape, np.nan)
    episode, reason = np.full(shape, -1, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    agreed = panel.member.copy()
    for need in higher:
        agreed &= _points_up(panel, need)
    names = ("point_kind", "point_price", "point_age", "point_sure", "pivot_zg")
    known = {name: _column(panel, own, name) for name in names}
    for n in range(shape[1]):
        rows = np.flatnonzero(np.isfinite(panel.close[:, n]))
        columns = [np.ascontiguousarray(known[name][rows, n]) for name in names]
        kind, price, age, sure, edge = columns
        floor = np.where(kind == _THIRD, np.minimum(price, edge), price) * (1.0 - params.stop_buffer)
        target[rows, n], stop[rows, n], episode[rows, n], reason[rows, n] = _levels(
            np.ascontiguousarray(panel.low[rows, n]),
            np.ascontiguousarray(panel.close[rows, n]),
            np.ascontiguousarray(panel.member[rows, n]),
            np.ascontiguousarray(agreed[rows, n]),
            kind,
            price,
            age,
            sure,
            floor,
            rows,
            params.max_age,
        )
    return Signals(target, episode, stop=stop, reason=reason, reasons=REASONS)


def _column(panel: Panel, need: Chan, name: str) -> Floats:
    # Before the first bar of an instrument a panel has no columns for it.
    return panel.features.get(feature_key(need, name), np.full(panel.close.shape, np.nan))


def _points_up(panel: Panel, need: Chan) -> Bools:
    """Where a higher level does not object: its newest stroke rises, or its newest point is a buy."""
    rising: Bools = _column(panel, need, "stroke_direction") > 0
    return rising | (_column(panel, need, "point_kind") > 0)


def _levels_of(
    low: Floats,
    close: Floats,
    member: Bools,
    agreed: Bools,
    kind: Floats,
    price: Floats,
    age: Floats,
    sure: Floats,
    floor: Floats,
    rows: Ints,
    max_age: int,
) -> tuple[Floats, Floats, Ints, Ints]:
    """Target, stop, episode and reason of each bar. A point is used once; one seen before the entry cannot end it."""
    size = len(close)
    target, stop = np.full(size, np.nan), np.full(size, np.nan)
    episode, reason = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    held, began, why, level = False, -1, 0, np.nan
    used, entered = np.nan, -1
    for t in range(size):
        if not member[t]:
            held = False
            continue
        if held and t > entered and low[t] <= level:
            held, began, why = False, rows[t], 3
        elif held and kind[t] < 0 and sure[t] == 1.0 and age[t] < t - entered:
            held, began, why = False, rows[t], 2
        elif (
            not held
            and agreed[t]
            and kind[t] > 0
            and sure[t] == 1.0
            and age[t] <= max_age
            and price[t] != used
            and close[t] > floor[t]
        ):
            held, began, why = True, rows[t], 1
            level, used, entered = floor[t], price[t], t
        if began >= 0:
            target[t] = 1.0 if held else 0.0
            episode[t] = began
            reason[t] = why
            if held:
                stop[t] = level
    return target, stop, episode, reason


_levels = njit(cache=True)(_levels_of)
