"""The search itself: ask for points, have them run, tell what they showed, until the budget is spent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alphaloop.core.errors import InvalidError
from alphaloop.engine.optimise.goal import Goal
from alphaloop.engine.optimise.samplers import BayesSampler, GridSampler, RandomSampler, Sampler
from alphaloop.engine.optimise.space import Point, Space
from alphaloop.engine.optimise.trials import Outcome, Trial

METHODS = ("grid", "random", "bayes")
TRIALS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A search as it was asked for: at most `trials` runs. Equal plans over equal bars try the same points."""

    space: Space
    goal: Goal
    method: str = "random"
    trials: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InvalidError(f"A search is one of {', '.join(METHODS)}.", code="unknown_method")
        if not 1 <= self.trials <= TRIALS_MAX:
            raise InvalidError(
                f"Between 1 and {TRIALS_MAX} trials.", code="out_of_bounds", fields=(("trials", "out_of_bounds"),)
            )

    def require_whole_grid(self) -> None:
        """InvalidError 'grid_too_large' when the budget would break a grid off at some corner."""
        if self.method == "grid" and self.space.grid_size() > self.trials:
            raise InvalidError(
                f"The grid has {self.space.grid_size()} points, and the budget is {self.trials} trials: "
                "take narrower ranges, larger steps or more trials.",
                code="grid_too_large",
                fields=(("trials", "grid_too_large"),),
            )

    def sampler(self) -> Sampler:
        if self.method == "grid":
            return GridSampler(self.space, self.goal.admits)
        if self.method == "random":
            return RandomSampler(self.space, self.goal.admits, self.seed)
        return BayesSampler(self.space, self.goal.admits, self.goal, self.seed)


def search(
    plan: Plan,
    run: Callable[[list[Point]], Sequence[Outcome]],
    *,
    past: Sequence[Trial] = (),
    on_trials: Callable[[list[Trial]], None] = lambda _: None,
    more: Callable[[], bool] = lambda: True,
    batch: Callable[[], int] = lambda: 16,
) -> list[Trial]:
    """Every trial, `past` ones first; those are neither run nor counted again.

    `run` gives one outcome a point. `on_trials` is told each batch as a whole: who keeps batches whole can go on after
    a stop with the very points that would have come. `more` says whether there is time, `batch` how many points suit a
    round where the method leaves that open. InvalidError when the first batch shows that nothing can run."""
    if not past:
        plan.require_whole_grid()
    sampler, trials = plan.sampler(), list(past)
    while len(trials) < plan.trials and more():
        count = min(sampler.batch or batch(), plan.trials - len(trials))
        points = sampler.ask(count, trials)
        if not points:
            break
        outcomes = run(points)
        first = len(trials)
        found = [
            Trial(first + place, point, outcome.metrics, outcome.error)
            for place, (point, outcome) in enumerate(zip(points, outcomes, strict=True))
        ]
        if first == 0 and all(trial.metrics is None for trial in found):
            raise InvalidError(found[0].error, code="nothing_runs")
        trials += found
        on_trials(found)
    if not trials and len(trials) < plan.trials and more():
        raise InvalidError("No point of the space meets the conditions.", code="empty_space")
    return trials
