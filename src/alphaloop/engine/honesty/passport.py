"""Everything that speaks for or against a result on one page: nine questions, each with a verdict and its figures."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.luck import MarketLuck, market_luck, trade_chances
from alphaloop.engine.honesty.periods import Bars
from alphaloop.engine.honesty.selection import SelectionReport, judge_selection
from alphaloop.engine.honesty.space import spread_around
from alphaloop.engine.honesty.stability import StabilityReport, parameter_stability
from alphaloop.engine.honesty.start import StartReport, start_sensitivity
from alphaloop.engine.honesty.walk_forward import WalkForward, walk_forward
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.strategy import Strategy
from alphaloop.kernels.resampling import TradeLuck

QUESTIONS: dict[str, dict[str, str]] = {
    "look_ahead": {"zh": "是否偷看未来", "en": "Does it look ahead?"},
    "start": {"zh": "起点不同，结论是否相同", "en": "Does a later start end in the same decisions?"},
    "stability": {"zh": "参数稍变，结果是否还在", "en": "Does it survive a step beside its parameters?"},
    "walk_forward": {"zh": "只用过去选参，未来是否赚钱", "en": "Chosen on the past alone, does it earn afterwards?"},
    "trade_luck": {"zh": "换一批同样的交易，还赚钱吗", "en": "Would other luck with the same trades have lost?"},
    "market_luck": {"zh": "换一段同样性质的行情，还赚钱吗", "en": "Would other markets of the same kind have lost?"},
    "shuffle": {"zh": "是否好于打乱后的行情", "en": "Is it better than on the same bars shuffled?"},
    "overfitting": {"zh": "过拟合概率", "en": "How likely is the best of the past below average later?"},
    "deflated_sharpe": {"zh": "扣除尝试次数后的夏普", "en": "Is the Sharpe ratio more than so many trials explain?"},
}
_WORST_FIRST = ("fail", "unknown", "warn", "pass")
_CURVE_POINTS = 400


@dataclass(frozen=True, slots=True)
class Check:
    """One question. `verdict` is pass, warn, fail or unknown; `figure` is the number it was judged by, NaN if none."""

    question: str
    verdict: str
    figure: float


@dataclass(frozen=True, slots=True)
class OverfitPassport:
    """What is known about one strategy with one set of parameters on one history; `run_id` names the run it is about.

    `verdict` is the worst of the checks. Sections whose check could not be made are None, and `refused` says why.
    """

    strategy: str
    params: Mapping[str, Any]
    run_id: str
    metrics: Mapping[str, float | int | None]
    verdict: str
    checks: tuple[Check, ...]
    look_ahead: tuple[str, ...]
    start: StartReport | None
    stability: StabilityReport | None
    walk_forward: WalkForward | None
    trade_luck: TradeLuck | None
    market_luck: MarketLuck | None
    shuffle: MarketLuck | None
    selection: SelectionReport | None
    refused: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """The passport as plain JSON: arrays as lists, what cannot be told as null, long curves thinned."""
        plain: dict[str, Any] = _plain(self)
        return plain


def make_passport(
    strategy: Strategy,
    bars: Bars,
    params: Any,
    *,
    candidates: Sequence[Any] | None = None,
    trials: int | None = None,
    metric: str = "sharpe",
    draws: int = 100,
    seed: int = 0,
    prefixes: int = 50,
    on_check: Callable[[str], None] | None = None,
    **options: Any,
) -> OverfitPassport:
    """Make every check and judge it (thresholds: docs/concepts/honesty.md).

    `candidates` are the parameters that were tried (default: a spread around `params`); `trials` their number where
    more were tried than are given. `on_check(question)` is called before each check and may raise to stop. `options`
    are those of `run_backtest`. A check that refuses these bars is unknown; the run itself refusing is InvalidError.
    """
    result = run_backtest(strategy, bars, params, **options)
    refused: dict[str, str] = {}

    def ask(question: str, check: Callable[[], Any]) -> Any:
        if on_check is not None:
            on_check(question)
        try:
            return check()
        except InvalidError as error:
            refused[question] = error.code
            return None

    def tried() -> Sequence[Any]:
        return spread_around(strategy, params, seed=seed) if candidates is None else candidates

    def invariance() -> list[str]:
        return check_prefix_invariance(strategy, bars, params, (seed,), prefixes=prefixes, rules=result.rules)

    ahead = ask("look_ahead", invariance)
    start = ask("start", lambda: start_sensitivity(strategy, bars, params))
    stability = ask("stability", lambda: parameter_stability(strategy, bars, params, metric=metric, **options))
    walked = ask("walk_forward", lambda: walk_forward(strategy, bars, tried(), metric=metric, **options))
    trades = ask("trade_luck", lambda: trade_chances(result, seed=seed))
    luck = partial(market_luck, strategy, bars, params, draws=draws, metric=metric, seed=seed, **options)
    market = ask("market_luck", luck)
    shuffled = ask("shuffle", partial(luck, block=1.0))
    selection = ask("overfitting", lambda: judge_selection(strategy, bars, params, tried(), trials=trials, **options))
    checks = _judged(ahead, start, stability, walked, trades, market, shuffled, selection)
    return OverfitPassport(
        strategy=strategy.key,
        params=dataclasses.asdict(params),
        run_id=result.run_id,
        metrics=result.metrics,
        verdict=min((check.verdict for check in checks), key=_WORST_FIRST.index),
        checks=checks,
        look_ahead=tuple(ahead or ()),
        start=start,
        stability=stability,
        walk_forward=walked,
        trade_luck=trades,
        market_luck=market,
        shuffle=shuffled,
        selection=selection,
        refused=refused,
    )


def _judged(
    ahead: list[str] | None,
    start: StartReport | None,
    stability: StabilityReport | None,
    walked: WalkForward | None,
    trades: TradeLuck | None,
    market: MarketLuck | None,
    shuffled: MarketLuck | None,
    selection: SelectionReport | None,
) -> tuple[Check, ...]:
    return (
        _at_most("look_ahead", math.nan if ahead is None else float(len(ahead)), 0.0, 0.0),
        # A history that never settles differs for good, however small the part of it that was compared.
        _at_most(
            "start", 1.0 if start is not None and not start.settles else _figure(start, "different_share"), 0.1, 0.99
        ),
        _at_least("stability", _figure(stability, "kept_share"), 2 / 3, 1 / 3),
        _at_least("walk_forward", _figure(walked, "probability"), 0.95, 0.5),
        _at_most("trade_luck", _figure(trades, "loss_chance"), 0.05, 0.25),
        # Drawing cuts through calendars and slow drifts, which may be what the strategy lives on: a warning, no more.
        _at_most("market_luck", _figure(market, "loss_chance"), 0.05, 1.0),
        _at_most("shuffle", _figure(shuffled, "probability"), 0.05, 0.25),
        _overfitting(selection),
        _at_least("deflated_sharpe", _figure(selection, "deflated"), 0.95, 0.5),
    )


def _overfitting(selection: SelectionReport | None) -> Check:
    """Among trials that are all alike the best of the past is any of them afterwards: harmless when none loses."""
    ranked = _at_most("overfitting", _figure(selection, "overfitting"), 0.2, 0.5)
    lost = _at_most("overfitting", _figure(selection, "loss_chance"), 0.05, 0.25)
    return Check("overfitting", max(ranked.verdict, lost.verdict, key=_WORST_FIRST.index), ranked.figure)


def _figure(section: Any, name: str) -> float:
    return math.nan if section is None else float(getattr(section, name))


def _at_most(question: str, figure: float, passes: float, warns: float) -> Check:
    if math.isnan(figure):
        return Check(question, "unknown", figure)
    return Check(question, "pass" if figure <= passes else "warn" if figure <= warns else "fail", figure)


def _at_least(question: str, figure: float, passes: float, warns: float) -> Check:
    return Check(question, _at_most(question, -figure, -passes, -warns).verdict, figure)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, np.ndarray):
        if len(value) > _CURVE_POINTS:
            value = value[np.linspace(0, len(value) - 1, _CURVE_POINTS).astype(int)]
        return [_plain(inner) for inner in value.tolist()]
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
