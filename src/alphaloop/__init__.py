"""AlphaLoop: a personal quant loop and a Chan-theory platform in one package.

`import alphaloop as al` gives the two faces for people who write Python, loaded on first use: `al.chan` (structures of
a price series) and `al.lab`, whose verbs also stand here: `al.load`, `al.backtest`, `al.sweep`, `al.plot`, …
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "chan", "lab"]

_VERBS = ("backtest", "backtest_signals", "load", "plot", "report", "splits", "sweep", "why")


def __getattr__(name: str) -> Any:
    if name in ("chan", "lab"):
        return import_module(f"alphaloop.{name}")
    if name in _VERBS:
        return getattr(import_module("alphaloop.lab"), name)
    raise AttributeError(f"module 'alphaloop' has no attribute {name!r}")
