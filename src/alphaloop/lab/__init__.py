"""Research in a few lines: `load` bars, `backtest` or `sweep` a strategy, `plot` what came of it. No server needed."""

from alphaloop.lab.bars import LabBars, load
from alphaloop.lab.drawing import plot
from alphaloop.lab.running import backtest, report, sweep

__all__ = ["LabBars", "backtest", "load", "plot", "report", "sweep"]
