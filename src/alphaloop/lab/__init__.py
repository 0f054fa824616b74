"""Research in a few lines: `load` bars, `backtest` or `sweep` a strategy, or trade signals made elsewhere; `plot` it,
ask `why`, take the tables away. No server needed."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from alphaloop.core.errors import InvalidError
from alphaloop.lab.bars import LabBars, LabUniverse, load
from alphaloop.lab.drawing import plot
from alphaloop.lab.running import backtest, report, sweep

if TYPE_CHECKING:
    from alphaloop.lab.outside import backtest_signals
    from alphaloop.lab.results import LabResult
    from alphaloop.lab.splitting import splits

__all__ = [
    "LabBars",
    "LabResult",
    "LabUniverse",
    "backtest",
    "backtest_signals",
    "load",
    "plot",
    "report",
    "splits",
    "sweep",
    "why",
]

# These need numpy and the engine at once, which opening the lab must not.
_LATE = {"LabResult": "results", "backtest_signals": "outside", "splits": "splitting"}


def why(result: Any, at: Any, instrument: str | None = None) -> Any:
    """Why there was a trade in a bar, or none: signal, sizing, rules and fill. `at` is a row or a time.

    InvalidError 'unknown_bar', and 'option_legs' for a result of option legs, which fill no bars."""
    if not hasattr(result, "why"):
        raise InvalidError("This is told of strategies that trade bars, not of option legs.", code="option_legs")
    return result.why(at, instrument)


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(f"alphaloop.lab.{_LATE[name]}"), name)
    raise AttributeError(f"module 'alphaloop.lab' has no attribute {name!r}")
