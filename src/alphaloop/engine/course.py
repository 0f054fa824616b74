"""Bars and the conditions of a run made ready once, for one backtest or for thousands with other parameters."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.engine.continuity import factors_of, in_traded_prices, seen_through
from alphaloop.engine.features import begin_after_warmup, with_features
from alphaloop.engine.panel import Bools, Floats, Panel, Series, make_panel
from alphaloop.engine.rule_arrays import Actions, Stake, lay_ground
from alphaloop.engine.sim_rules import Ground
from alphaloop.engine.simulate import Rules
from alphaloop.engine.strategy import Signals, Strategy, check_signals

Memo = Callable[[Hashable, Callable[[], Any]], Any]


class Plan(NamedTuple):
    """What a strategy wants on a course: signals, the panel in traded prices beside them, and the rules."""

    panel: Panel
    signals: Signals
    rules: Rules


@dataclass(frozen=True, slots=True)
class Course:
    """`traded` is the panel in traded prices, `seen` what the strategy may see of it (`continuity`), `present` where
    there are bars; `factors` are prices seen over prices traded (None: the same). `memo` remembers for a sweep."""

    strategy: Strategy
    rules: Rules
    start: int | None
    traded: Panel
    seen: Panel
    present: Bools
    ground: Ground | None
    factors: Floats | None
    memo: Memo | None = None

    def plan(self, params: Any) -> Plan:
        """Ask the strategy; InvalidError for too few bars or a start within its warm-up."""
        first = self.strategy.warmup(params) if self.start is None else self.start
        fresh = self.seen._replace(member=self.present.copy(), memo=self.memo)
        seen = begin_after_warmup(fresh, self.strategy, params, start=self.start)
        # Columns that are declared do not hang on where the warm-up ends: a sweep makes them once.
        needs = tuple(self.strategy.needs(params))
        if needs:
            seen = seen._replace(features=self._features(needs))
        signals = self.strategy.evaluate(seen, params)
        if self.factors is not None:
            signals = in_traded_prices(check_signals(signals, seen), self.factors)
        panel = self.traded._replace(member=seen.member, features=seen.features)
        return Plan(panel, signals, _from_row(self.rules, first))

    def _features(self, needs: tuple[Any, ...]) -> Mapping[str, Floats]:
        def make() -> Mapping[str, Floats]:
            return with_features(self.seen, needs).features

        return make() if self.memo is None else self.memo(("features", needs), make)


def lay_course(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    *,
    cash: float = 1_000_000.0,
    fee: float = 0.0,
    fill: str = "open",
    start_bar: int | None = None,
    whole: bool = False,
    slippage: float = 0.0,
    volume_limit: float | None = None,
    can_short: bool = False,
    risk_fraction: float = 0.01,
    instruments: Sequence[Instrument] | None = None,
    actions: Actions | None = None,
    stakes: Mapping[str, Stake] | None = None,
    fractions: bool = False,
    sessions: Sequence[date] = (),
    by_ratio: float | None = None,
    extras: Mapping[str, Floats] | None = None,
    memo: Memo | None = None,
) -> Course:
    """The course of a run without any account.

    With `instruments`, one per series, their markets' rules bind every fill: limits, lots, settlement, dated fees
    (`fee` is then the broker's rate). Prices are raw then, and `actions` are booked on their ex-dates: the strategy
    sees the shares of the first bar throughout (`continuity`), orders and fills are in traded prices. `sessions` are
    the market's own days: a day without a bar was a suspension. Prices adjusted by ratio say so by `by_ratio`, the
    share within which a bar's end counts as its limit.

    `extras` are named arrays float64[T,N] or [T,1] beside the panel's rows, such as fundamentals, a rate or the VIX.

    `cash` in quote units; `fee` and `slippage` as fractions of the price per side; `fill` is "open" (of the next bar)
    or "close" (of the deciding bar). Nothing is decided before row `start_bar`, by default the end of the warm-up.
    The whole equity is used: units = equity x weight / (price x (1 + fee)), rounded down when `whole`.
    InvalidError for unfit bars or numbers.
    """
    if cash == 0:
        raise InvalidError("A backtest needs cash.", code="out_of_bounds", fields=(("cash", "out_of_bounds"),))
    rules = Rules(
        cash=cash,
        fee=fee,
        slippage=slippage,
        volume_limit=volume_limit,
        fill=fill,
        start=start_bar or 0,
        lot=1.0 if whole else 0.0,
        can_short=can_short,
        risk_fraction=risk_fraction,
    )
    traded, ground, factors = make_panel(bars, extras=extras), None, None
    if instruments is not None:
        ground = lay_ground(
            traded,
            instruments,
            broker_rate=fee,
            actions=actions,
            stakes=stakes,
            fractions=fractions,
            sessions=sessions,
            by_ratio=by_ratio,
        )
        factors = factors_of(traded, ground)
    seen = traded if factors is None else seen_through(traded, factors)
    return Course(strategy, rules, start_bar, traded, seen, traded.member, ground, factors, memo)


# Thousands of sets of parameters ask for the same few.
@lru_cache(maxsize=2048)
def _from_row(rules: Rules, start: int) -> Rules:
    return replace(rules, start=start)
