"""The search for better parameters: a space, a goal, a way to walk it, and what the best is worth in the end.

`search` asks for points and is told what their runs showed; who runs them, and on how many cores, is the caller's."""

from alphaloop.engine.optimise.constraints import Constraint, make_constraint, parse_constraint
from alphaloop.engine.optimise.goal import METRICS, Goal, best_of
from alphaloop.engine.optimise.held_out import Verdict, judge_best
from alphaloop.engine.optimise.landscape import ParameterMap, importance, parameter_map
from alphaloop.engine.optimise.running import Arena, lay_out, run_points
from alphaloop.engine.optimise.search import METHODS, Plan, search
from alphaloop.engine.optimise.space import Axis, Point, Space, make_space
from alphaloop.engine.optimise.trials import Outcome, Trial

__all__ = [
    "METHODS",
    "METRICS",
    "Arena",
    "Axis",
    "Constraint",
    "Goal",
    "Outcome",
    "ParameterMap",
    "Plan",
    "Point",
    "Space",
    "Trial",
    "Verdict",
    "best_of",
    "importance",
    "judge_best",
    "lay_out",
    "make_constraint",
    "make_space",
    "parameter_map",
    "parse_constraint",
    "run_points",
    "search",
]
