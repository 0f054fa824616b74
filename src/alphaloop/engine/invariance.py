"""Proof by trial that a strategy does not look ahead: what it said about a prefix must never change afterwards."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from alphaloop.engine.features import build_panel, with_features
from alphaloop.engine.panel import Panel, Series, cut
from alphaloop.engine.simulate import Rules, simulate
from alphaloop.engine.strategy import Signals, Strategy

_ARRAYS = ("target", "episode", "stop", "take", "trail", "strength", "reason", "group")


def check_prefix_invariance(
    strategy: Strategy,
    bars: Series | Sequence[Series],
    params: Any,
    seeds: Sequence[int] = (0,),
    *,
    prefixes: int = 200,
    rules: Rules | None = None,
) -> list[str]:
    """Differences between a run on a prefix and the same rows of the full run; empty means that none was found.

    Per seed `prefixes` random lengths, and every row around a fill. Compared are the signals and the fills.
    """
    full = build_panel(bars, strategy, params)
    start = strategy.warmup(params)
    rules = rules or Rules(cash=1e6, fee=0.001, start=start)
    signals = strategy.evaluate(full, params)
    fills = simulate(full, signals, rules, manage=strategy.manage, params=params).fills
    found = []
    for rows in _lengths(len(full.ts_ms), start, fills.row.tolist(), seeds, prefixes):
        part = with_features(cut(full, rows), strategy.needs(params))
        said = strategy.evaluate(part, params)
        found += [f"{name} of the first {rows} rows" for name in _changed(said, signals, rows)]
        then = simulate(part, said, rules, manage=strategy.manage, params=params).fills
        known = fills.row < rows
        if not all(np.array_equal(ours, theirs[known]) for ours, theirs in zip(then, fills, strict=True)):
            found.append(f"fills of the first {rows} rows")
    return found


def check_features_step(panel: Panel, strategy: Strategy, params: Any) -> list[str]:
    """Columns whose row-by-row form differs from the batch form; empty means that both agree everywhere."""
    from alphaloop.engine.features import FeatureFeed

    needs = strategy.needs(params)
    batch = with_features(panel, needs).features
    feed = FeatureFeed(needs, instruments=panel.close.shape[1])
    absent = np.full(panel.close.shape[1], np.nan)
    wrong: set[str] = set()
    for t in range(len(panel.ts_ms)):
        row = feed.append(
            int(panel.ts_ms[t]),
            int(panel.close_ms[t]),
            panel.open[t],
            panel.high[t],
            panel.low[t],
            panel.close[t],
            panel.volume[t],
        )
        wrong |= {k for k, v in batch.items() if not np.array_equal(v[t], row.get(k, absent), equal_nan=True)}
    return sorted(wrong)


def _lengths(rows: int, start: int, traded: Sequence[int], seeds: Sequence[int], count: int) -> list[int]:
    chosen = {t + 1 + shift for t in traded[:100] for shift in (-1, 0, 1)}
    for seed in seeds:
        chosen |= set(np.random.default_rng(seed).integers(start + 1, rows + 1, count).tolist())
    return sorted(length for length in chosen if start < length <= rows)


def _changed(part: Signals, full: Signals, rows: int) -> list[str]:
    changed = []
    for name in _ARRAYS:
        ours, theirs = getattr(part, name), getattr(full, name)
        if ours is None and theirs is None:
            continue
        if ours is None or theirs is None or not _same(ours, theirs[:rows]):
            changed.append(name)
    return changed


def _same(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> bool:
    return np.array_equal(ours, theirs, equal_nan=ours.dtype == np.float64)
