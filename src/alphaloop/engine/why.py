"""Why a bar saw a trade or none: what was wanted at the close before it, what became of that, and which rule said so.

Everything is read off a finished run. Each answer is a code with its facts; `sentence` puts it into words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import BacktestResult
from alphaloop.engine.sim_unfilled import Obstacle
from alphaloop.engine.simulate import FillReason

# The way of an instruction; `next` is what the bar's own close asks for.
STAGES = {
    "bar": ("K线", "bar"),
    "signal": ("信号", "signal"),
    "sizing": ("仓位", "sizing"),
    "rules": ("规则", "rules"),
    "fill": ("成交", "fill"),
    "next": ("接着", "next"),
}
# How Chinese sentences call what the code names.
_CHINESE = {
    "signal": "信号",
    "stop": "止损",
    "take": "止盈",
    "liquidation": "强平",
    "bonus": "送股",
    "weight": "按资金比例",
    "units": "按数量",
    "risk": "按止损风险",
}
# What the size came to nothing for; the other obstacles are the market's.
_SIZING = frozenset({Obstacle.LOT, Obstacle.CASH, Obstacle.NOTIONAL, Obstacle.SHORT, Obstacle.NO_STOP})
_NOTHING = 1e-9

SENTENCES: dict[str, tuple[str, str]] = {
    "no_bar": ("该品种没有这根 K 线", "the instrument has no bar here"),
    "first_bar": ("这是第一根 K 线，之前没有信号", "this is the first bar: no signal came before it"),
    "before_start": ("还在预热：第 {start} 行起才做决定", "still warming up: nothing is decided before row {start}"),
    "liquidated": (
        "账户在第 {row} 行被强平，之后不再交易",
        "the account was liquidated in row {row}; nothing trades after it",
    ),
    "no_target": ("策略在 {at} 没有给出目标", "the strategy said nothing at {at}"),
    "not_member": ("{at} 不在可交易范围内，不能开仓", "at {at} it was outside the universe: no position may begin"),
    "spent": (
        "这一轮（始于 {began}）已被止损或止盈结束，不再入场",
        "a stop or a take has ended this intent (begun at {began}); it does not enter again",
    ),
    "same_instruction": (
        "{at} 的目标仍是 {target:g}，和 {since} 的指令相同，不是新指令",
        "the target at {at} is still {target:g}, as instructed at {since}: nothing new",
    ),
    "new_instruction": (
        "{at} 收盘时目标变为 {target:g}（{sizing}）",
        "at the close of {at} the target became {target:g} ({sizing})",
    ),
    "signal_reason": ("策略的理由：{reason}", "the strategy's reason: {reason}"),
    "already_there": ("已持有 {held:g}，无需交易", "{held:g} is held already: no trade is needed"),
    "instructed": (
        "这根收盘时目标变为 {target:g}，下一根开盘成交",
        "at its own close the target became {target:g}, to trade at the next open",
    ),
    "not_yet": (
        "样本到此为止，下一根 K 线还没有",
        "the bars end here: the next one, where it would trade, is not known",
    ),
    "limit": ("价格封在涨跌停板，没有对手盘", "the board was locked at its price limit"),
    "suspended": ("停牌，没有 K 线", "there was no bar to trade in"),
    "settlement": ("持仓都是当天买入，T+1 才能卖", "all of it was bought that day and settles later"),
    "lot": ("算出的数量不足最小一手", "the size came to less than the smallest order"),
    "cash": ("可用资金不足最小一手", "there was no money for the smallest order"),
    "volume": ("这根 K 线可用的成交量份额已用完", "the share of the bar's volume was used up"),
    "short": ("没有允许做空", "short sales are off"),
    "notional": ("金额低于最小成交额", "it was worth less than the least notional"),
    "no_stop": (
        "按止损距离定仓位，但没有有效止损",
        "it is sized by the distance to a stop, and there was none on the right side",
    ),
    "group": ("同组的另一腿不能成交", "another leg of its group could not trade"),
    "filled_later": ("到 {at} 才成交", "it filled at {at}"),
    "never_filled": ("之后也没有成交", "it never filled"),
    "filled": (
        "成交 {quantity:+g}，价格 {price:g}，手续费 {fee:g}（{why}）",
        "filled {quantity:+g} at {price:g}, fee {fee:g} ({why})",
    ),
    "managed": (
        "这笔成交来自 manage 或之前未完成的指令",
        "it came from `manage`, or from an instruction still under way",
    ),
    "no_trade": ("这根 K 线没有成交", "nothing traded in this bar"),
    "held": ("收盘后持有 {held:g}", "after its close {held:g} is held"),
}


class Reason(NamedTuple):
    """One step of the answer: where in the way from signal to fill, a stable code, and its figures (rows as rows)."""

    stage: str
    code: str
    facts: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Why:
    """The answer for one bar of one instrument; `traded` says whether anything filled in it."""

    instrument: str
    row: int
    traded: bool
    reasons: tuple[Reason, ...]
    label: Callable[[int], str]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(reason.code for reason in self.reasons)

    def lines(self, language: str = "en") -> list[str]:
        """One sentence per step, in English or Chinese (zh)."""
        which = 0 if language == "zh" else 1
        return [f"{STAGES[reason.stage][which]}: {sentence(reason, language, self.label)}" for reason in self.reasons]

    def __str__(self) -> str:
        return "\n".join([f"{self.instrument} at {self.label(self.row)}", *self.lines()])

    __repr__ = __str__


class _Intent(NamedTuple):
    """The last instruction acted on: its row, target and episode."""

    row: int
    target: float
    episode: int


def why(result: BacktestResult, row: int, column: int = 0) -> Why:
    """Why something, or nothing, traded in `row` of this column: bar, signal, sizing, rules, fill, in that order.

    InvalidError 'unknown_bar' when the run has no such row or instrument."""
    rows, columns = result.panel.close.shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise InvalidError("The run has no such bar.", code="unknown_bar", fields=(("at", "unknown_bar"),))
    filled = [Reason("fill", "filled", facts) for facts in _fills(result, row, column)]
    steps = _before(result, row, column, bool(filled))
    steps += filled or [Reason("fill", "no_trade")]
    steps.append(Reason("fill", "held", {"held": _held(result, row, column)}))
    steps += _next(result, row, column)
    return Why(result.panel.names[column], row, bool(filled), tuple(steps), lambda at: _label(result, at))


def sentence(reason: Reason, language: str = "en", label: Callable[[int], str] = str) -> str:
    """A reason in words; rows are named by `label`."""
    facts = {name: label(value) if name in ("at", "since", "began") else value for name, value in reason.facts.items()}
    if language == "zh":
        facts = {name: _CHINESE.get(value, value) if isinstance(value, str) else value for name, value in facts.items()}
    return SENTENCES[reason.code][0 if language == "zh" else 1].format(**facts)


def _before(result: BacktestResult, row: int, column: int, traded: bool) -> list[Reason]:
    """What led up to the fills of a row."""
    panel, start = result.panel, result.rules.start
    steps = [] if np.isfinite(panel.close[row, column]) else [Reason("bar", "no_bar")]
    decided = row if result.rules.fill == "close" else row - 1
    if 0 <= result.stopped < row:
        return [*steps, Reason("rules", "liquidated", {"row": result.stopped})]
    if decided < 0:
        return [*steps, Reason("signal", "first_bar")]
    if decided < start:
        return [*steps, Reason("signal", "before_start", {"start": start})]
    intent = _intent(result, decided, column)
    steps += _signal(result, decided, column, intent)
    obstacle = _obstacle(result, row, column, intent)
    if obstacle:
        return steps + obstacle
    if intent is not None and intent.row == decided and not traded and np.isfinite(panel.close[row, column]):
        steps.append(Reason("sizing", "already_there", {"held": _held(result, row, column)}))
    signalled = any(facts["why"] == FillReason.SIGNAL.name.lower() for facts in _fills(result, row, column))
    if signalled and (intent is None or intent.row != decided):
        steps.append(Reason("signal", "managed"))
    return steps


def _signal(result: BacktestResult, decided: int, column: int, intent: _Intent | None) -> list[Reason]:
    """What the strategy said at the close of the row that decided."""
    signals, panel, at = result.signals, result.panel, {"at": decided}
    target, episode = float(signals.target[decided, column]), int(signals.episode[decided, column])
    if intent is not None and intent.row == decided:
        made = Reason("signal", "new_instruction", {**at, "target": target, "sizing": signals.sizing.name.lower()})
        return [made, *_own_reason(result, decided, column)]
    if target != 0.0 and not panel.member[decided, column] and np.isfinite(panel.close[decided, column]):
        return [Reason("signal", "not_member", at)]
    if not np.isfinite(target):
        return [Reason("signal", "no_target", at)]
    if target != 0.0 and episode in _spent(result, decided, column):
        return [Reason("signal", "spent", {"began": episode})]
    since = decided if intent is None else intent.row
    return [Reason("signal", "same_instruction", {**at, "target": target, "since": since})]


def _own_reason(result: BacktestResult, row: int, column: int) -> list[Reason]:
    signals = result.signals
    if signals.reason is None or not 0 <= signals.reason[row, column] < len(signals.reasons):
        return []
    told = signals.reasons[signals.reason[row, column]]
    return [Reason("signal", "signal_reason", {"reason": told})] if told else []


def _intent(result: BacktestResult, last: int, column: int) -> _Intent | None:
    """The newest instruction acted on by the close of row `last`, by the simulator's own rule."""
    target, episode = result.signals.target[: last + 1, column], result.signals.episode[: last + 1, column]
    member = result.panel.member[: last + 1, column]
    told = np.flatnonzero(np.isfinite(target) & (member | (target == 0.0)))
    told = told[told >= result.rules.start]
    if len(told) == 0:
        return None
    changed = np.r_[True, (np.diff(target[told]) != 0.0) | (np.diff(episode[told]) != 0)]
    acted: _Intent | None = None
    spent = _spent(result, last, column)
    for row in told[changed].tolist():
        one = _Intent(row, float(target[row]), int(episode[row]))
        if one.target != 0.0 and spent.get(one.episode, row + 1) <= row:
            continue
        if acted is None or acted[1:] != one[1:]:
            acted = one
    return acted


def _spent(result: BacktestResult, last: int, column: int) -> dict[int, int]:
    """Episodes that a stop or a take touched by row `last`, with the row."""
    fills = result.fills
    chosen = (fills.column == column) & (fills.row <= last)
    chosen &= (fills.reason == FillReason.STOP) | (fills.reason == FillReason.TAKE)
    ended: dict[int, int] = {}
    for row, episode in zip(fills.row[chosen].tolist(), fills.episode[chosen].tolist(), strict=True):
        ended.setdefault(episode, row)
    return ended


def _obstacle(result: BacktestResult, row: int, column: int, intent: _Intent | None) -> list[Reason]:
    """Why an instruction that is under way in this row could not trade when it first should have."""
    found = result.unfilled
    first = 0 if intent is None else intent.row + (result.rules.fill == "open")
    chosen = (found.column == column) & (found.row <= row) & (found.row >= first)
    chosen &= (found.filled < 0) | (found.filled >= row)
    places = np.flatnonzero(chosen)
    if len(places) == 0:
        return []
    place = int(places[-1])
    obstacle, later = Obstacle(int(found.obstacle[place])), int(found.filled[place])
    stage = "sizing" if obstacle in _SIZING else "rules"
    after = Reason("fill", "never_filled") if later < 0 else Reason("fill", "filled_later", {"at": later})
    return [Reason(stage, obstacle.name.lower(), {"at": int(found.row[place])}), after]


def _next(result: BacktestResult, row: int, column: int) -> list[Reason]:
    """What the row's own close asks of the next open."""
    if result.rules.fill != "open" or row < result.rules.start or 0 <= result.stopped <= row:
        return []
    intent = _intent(result, row, column)
    if intent is None or intent.row != row:
        return []
    asked = Reason("next", "instructed", {"target": intent.target})
    return [asked, *([Reason("next", "not_yet")] if row == len(result.panel.ts_ms) - 1 else [])]


def _fills(result: BacktestResult, row: int, column: int) -> list[dict[str, Any]]:
    fills = result.fills
    places = np.flatnonzero((fills.row == row) & (fills.column == column))
    return [
        {
            "quantity": float(fills.quantity[place]),
            "price": float(fills.price[place]),
            "fee": float(fills.fee[place]),
            "why": FillReason(int(fills.reason[place])).name.lower(),
        }
        for place in places
    ]


def _held(result: BacktestResult, row: int, column: int) -> float:
    """Units held after the row."""
    fills = result.fills
    held = float(fills.quantity[(fills.column == column) & (fills.row <= row)].sum())
    return 0.0 if abs(held) < _NOTHING else held


def _label(result: BacktestResult, row: int) -> str:
    """The row's time, without a clock time that says nothing."""
    text = str(np.datetime64(int(result.panel.ts_ms[row]), "ms").astype("datetime64[s]"))
    return text.removesuffix("T00:00:00")
