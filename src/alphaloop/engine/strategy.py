"""The strategy contract: a causal function over arrays that says what it wants, never how to trade it."""

import hashlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.core.plugins import load_plugin, plugin_keys
from alphaloop.core.signal import Desired, Sizing
from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.engine.params import params_schema, parse_params
from alphaloop.engine.sim_check import is_infinite_in, is_unsaid

_PACKAGE = "alphaloop.strategies"
# The timeframes one strategy may look at are few; a run of code, colon, column names each feature.
_TIMEFRAMES = re.compile(r"1m|5m|15m|30m|1h|4h|1d|1w|1M", re.ASCII)

CATEGORIES: dict[str, dict[str, str]] = {
    "mean_reversion": {"zh": "均值回归", "en": "Mean reversion"},
    "trend_following": {"zh": "趋势跟踪", "en": "Trend following"},
    "multi_factor": {"zh": "多因子", "en": "Multi-factor"},
    "defensive": {"zh": "防御", "en": "Defensive"},
    "volatility": {"zh": "波动率", "en": "Volatility"},
    "macro_hedge": {"zh": "宏观对冲", "en": "Macro hedge"},
    "chan": {"zh": "缠论", "en": "Chan theory"},
}


@dataclass(frozen=True, slots=True)
class Chan:
    """A declared need: Chan as-of columns on the bars' own timeframe (None) or a higher one, under a named rule set."""

    timeframe: str | None = None
    config: str = "CN-STRICT-1"

    def __post_init__(self) -> None:
        if self.timeframe is not None and not _TIMEFRAMES.fullmatch(self.timeframe):
            raise InvalidError("That timeframe is not known.", code="unknown_timeframe")


def feature_key(need: Chan, column: str) -> str:
    """Name of an as-of column in `panel.features`, such as 'chan:own:CN-STRICT-1:point_kind'."""
    return f"chan:{need.timeframe or 'own'}:{need.config}:{column}"


class Signals(NamedTuple):
    """Levels with an episode, each array [T,N]. `target` NaN is no instruction and 0 is flat.

    `sizing` tells how targets are read: a share of equity, units, or +-1 sized by the distance to the stop. `stop`
    and `take` are prices, `trail` a price distance from the best price since entry; they hold from the row on which
    they are given. `episode` is the row at which the intent began (-1 where there is none): a new episode or a new
    target is a new instruction, a repeated one is not. `reason` holds codes into `reasons`. Rows of one `group`
    (>= 0) are legs that trade together.
    """

    target: Floats
    episode: Ints
    sizing: Sizing = Sizing.WEIGHT
    stop: Floats | None = None
    take: Floats | None = None
    trail: Floats | None = None
    strength: Floats | None = None
    reason: Ints | None = None
    reasons: tuple[str, ...] = ()
    group: Ints | None = None


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy file as a value. `source_hash` changes whenever the file does, so that a result names its code.

    `extras` names the inputs besides prices that it reads from `panel.extras`, `instruments` how many it needs at
    least, `risk` says in words what may go wrong. `legs` gives the option legs of one that trades options
    (`engine/options`), else None."""

    key: str
    category: str
    label: Mapping[str, str]
    summary: Mapping[str, str]
    Params: type[Any]
    warmup: Callable[[Any], int]
    needs: Callable[[Any], Sequence[Chan]]
    evaluate: Callable[[Panel, Any], Signals]
    manage: Callable[..., float] | None
    source_hash: str
    extras: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    instruments: int = 1
    risk: Mapping[str, str] = field(default_factory=dict)
    legs: Callable[[Panel, Any], Any] | None = None

    def parse(self, given: Mapping[str, object]) -> Any:
        """Checked parameters of this strategy; InvalidError names the wrong field."""
        return parse_params(self.Params, given)

    def schema(self) -> dict[str, Any]:
        return params_schema(self.Params)


def load_strategy(key: str) -> Strategy:
    """The built-in strategy with that key ('reversion/bollinger'), or NotFoundError."""
    try:
        module = load_plugin(_PACKAGE, key)
    except NotFoundError:
        known = ", ".join(plugin_keys(_PACKAGE))
        raise NotFoundError(f"There is no such strategy. Known: {known}.", code="unknown_strategy") from None
    return strategy_from_module(key, module)


def list_strategies() -> list[Strategy]:
    """Every built-in strategy, sorted by key."""
    return [load_strategy(key) for key in plugin_keys(_PACKAGE)]


def strategy_from_module(key: str, module: ModuleType) -> Strategy:
    """Read the contract from a module's names; InvalidError says which one is missing."""
    wanted = ("CATEGORY", "LABEL", "SUMMARY", "Params", "warmup", "needs", "evaluate")
    missing = [name for name in wanted if not hasattr(module, name)]
    if missing:
        raise InvalidError(f"The strategy file {key} lacks {', '.join(missing)}.", code="bad_strategy")
    if module.CATEGORY not in CATEGORIES:
        raise InvalidError(f"The strategy file {key} names an unknown category.", code="bad_strategy")
    source = inspect.getsource(module)
    return Strategy(
        key=key,
        category=module.CATEGORY,
        label=module.LABEL,
        summary=module.SUMMARY,
        Params=module.Params,
        warmup=module.warmup,
        needs=module.needs,
        evaluate=module.evaluate,
        manage=getattr(module, "manage", None),
        source_hash=hashlib.sha256(source.encode()).hexdigest(),
        extras=getattr(module, "EXTRAS", {}),
        instruments=getattr(module, "INSTRUMENTS", 1),
        risk=getattr(module, "RISK", {}),
        legs=getattr(module, "legs", None),
    )


def mark_episodes(target: Floats) -> Ints:
    """Row at which each run of one repeated target began, int64[T,N]; -1 where there is no instruction."""
    rows = np.arange(len(target), dtype=np.int64).reshape(-1, 1)
    present = np.isfinite(target)
    before = np.vstack([np.full((1, target.shape[1]), np.nan), target[:-1]])
    began = np.where(present & (target != before), rows, -1)
    return np.where(present, np.maximum.accumulate(began, axis=0), -1).astype(np.int64)


def check_signals(signals: Signals, panel: Panel) -> Signals:
    """The signals when every array is [T,N] and finite or NaN, else InvalidError: nobody trades on nonsense."""
    shape = panel.close.shape
    for name in ("target", "stop", "take", "trail", "strength", "episode", "reason", "group"):
        values = getattr(signals, name)
        if values is None:
            continue
        if not isinstance(values, np.ndarray) or values.shape != shape:
            raise InvalidError(f"The strategy's {name} does not have the shape of its bars.", code="bad_signals")
        if values.dtype == np.float64:
            if is_infinite_in(_flat(values)):
                raise InvalidError(f"The strategy's {name} is infinite somewhere.", code="bad_signals")
        elif values.dtype != np.int64:
            raise InvalidError(f"The strategy's {name} must be float64 or int64.", code="bad_signals")
    if is_unsaid(_flat(signals.target), _flat(signals.episode)):
        raise InvalidError("The strategy gave a target without saying when the intent began.", code="bad_signals")
    return signals


def _flat(values: Any) -> Any:
    # Views and arrays that nobody may write to would each be compiled for anew.
    return np.array(values).ravel() if not (values.flags.c_contiguous and values.flags.writeable) else values.ravel()


def desired_at(signals: Signals, t: int, column: int = 0) -> Desired:
    """One row of the answer as the order path wants it; NaN becomes None."""
    reason = ""
    if signals.reason is not None and 0 <= signals.reason[t, column] < len(signals.reasons):
        reason = signals.reasons[signals.reason[t, column]]
    return Desired(
        target=_number(signals.target, t, column),
        sizing=signals.sizing,
        episode=int(signals.episode[t, column]),
        stop=_number(signals.stop, t, column),
        take=_number(signals.take, t, column),
        trail=_number(signals.trail, t, column),
        strength=_number(signals.strength, t, column),
        reason=reason,
    )


def is_new_instruction(previous: Desired | None, current: Desired) -> bool:
    """Whether `current` asks for something that `previous`, the last instruction acted on, did not.

    Same rule as the simulator: a target that merely repeats is not traded again, so a weight is not rebalanced on
    every bar; a strategy that wants to rebalance begins a new episode.
    """
    if current.target is None:
        return False
    return previous is None or (previous.target, previous.episode) != (current.target, current.episode)


def _number(values: Floats | None, t: int, column: int) -> float | None:
    if values is None or not np.isfinite(values[t, column]):
        return None
    return float(values[t, column])
