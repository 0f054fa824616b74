"""What the best of a search is worth: on the bars it never saw, and once all other trials are counted with it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alphaloop.core.errors import InvalidError
from alphaloop.engine.honesty import SelectionReport, judge_selection, parameter_stability
from alphaloop.engine.honesty.periods import Bars
from alphaloop.engine.optimise.goal import Goal
from alphaloop.engine.optimise.running import Arena
from alphaloop.engine.optimise.space import Space
from alphaloop.engine.optimise.trials import Metrics, Trial
from alphaloop.engine.run import run_strategy

_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class Verdict:
    """`seen` are the metrics on the bars that the search saw, `unseen` on those held out (None: none were).

    `trials` were tried in all; `deflated` is the probability that the best Sharpe ratio is more than as many trials
    without skill would have shown, `overfitting` that the best of the past is below the median afterwards,
    `kept_share` the share of neighbours that keep half of the metric. NaN where it cannot be told."""

    params: dict[str, Any]
    seen: Metrics
    unseen: Metrics | None
    trials: int
    deflated: float
    overfitting: float
    expected_best: float
    kept_share: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, None for NaN."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self).items()
        }


def judge_best(
    arena: Arena,
    space: Space,
    goal: Goal,
    best: Trial,
    *,
    trials: Sequence[Trial],
    bars: Bars,
    rules: Mapping[str, Any],
) -> Verdict:
    """Run the best once on the held-out rows (`bars` and `rules` are those of the whole period) and count the trials.

    The bars before the held-out ones warm it up and are not traded. Selection is judged over up to 64 trials spread
    over all, since each is run again for its returns."""
    strategy = arena.strategy
    params = strategy.parse({**space.fixed, **best.point})
    unseen = None
    if arena.cut < arena.rows:
        unseen = run_strategy(strategy, bars, params, **{**rules, "start_bar": arena.cut}).metrics
    # The checks run the simulator, which knows no option legs.
    legs = strategy.legs is not None
    selection = None if legs else _selection(arena, space, params, trials)
    kept = math.nan
    if goal.upward and not legs:
        options = {name: value for name, value in arena.rules.items() if name != "start_bar"}
        kept = parameter_stability(strategy, arena.bars, params, metric=goal.metric, reach=1, **options).kept_share
    return Verdict(
        params=asdict(params),
        seen=best.metrics or {},
        unseen=unseen,
        trials=len(trials),
        deflated=math.nan if selection is None else selection.deflated,
        overfitting=math.nan if selection is None else selection.overfitting,
        expected_best=math.nan if selection is None else selection.expected_best,
        kept_share=kept,
    )


def _selection(arena: Arena, space: Space, params: Any, trials: Sequence[Trial]) -> SelectionReport | None:
    run = [trial for trial in trials if trial.metrics is not None]
    step = max(len(run) / _CANDIDATES, 1.0)
    spread = [run[int(place * step)] for place in range(min(len(run), _CANDIDATES))]
    candidates = [arena.strategy.parse({**space.fixed, **trial.point}) for trial in spread]
    options = {name: value for name, value in arena.rules.items() if name != "start_bar"}
    known = 1 + sum(one != params for one in candidates)
    try:
        return judge_selection(arena.strategy, arena.bars, params, candidates, trials=max(len(run), known), **options)
    except InvalidError:
        # Too few rows or one trial alone: nothing can be said, which is not a reason to lose the search.
        return None
