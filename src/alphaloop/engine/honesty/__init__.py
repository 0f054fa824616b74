"""Is a result owed to the market, to luck, or to having been looked for? One file a question, a passport for them all.

Every check takes a strategy, its bars, its parameters and the options of `run_backtest` (cash, fee, fill, ...)."""

from alphaloop.engine.honesty.luck import MarketLuck, market_luck, resample_bars, trade_chances
from alphaloop.engine.honesty.passport import Check, OverfitPassport, make_passport
from alphaloop.engine.honesty.selection import SelectionReport, judge_selection
from alphaloop.engine.honesty.space import neighbours_of, spread_around
from alphaloop.engine.honesty.stability import StabilityReport, parameter_stability
from alphaloop.engine.honesty.start import StartReport, start_sensitivity
from alphaloop.engine.honesty.walk_forward import WalkForward, purged_splits, walk_forward

__all__ = [
    "Check",
    "MarketLuck",
    "OverfitPassport",
    "SelectionReport",
    "StabilityReport",
    "StartReport",
    "WalkForward",
    "judge_selection",
    "make_passport",
    "market_luck",
    "neighbours_of",
    "parameter_stability",
    "purged_splits",
    "resample_bars",
    "spread_around",
    "start_sensitivity",
    "trade_chances",
    "walk_forward",
]
