"""Compiles the numeric kernels once per version and machine, so that the first backtest does not wait for it."""

import os
import platform
from pathlib import Path

from alphaloop import __version__


def own_cache(home: Path) -> Path:
    """Point the compiler's cache at a folder of ours; call before numba is imported."""
    folder = home.absolute() / "cache" / f"numba-{__version__}-{platform.machine()}"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


def is_warm(folder: Path) -> bool:
    return (folder / "warm").is_file()


def warm(home: Path) -> None:
    """Run every compiled path once on a short series."""
    folder = own_cache(home)
    import numpy as np

    from alphaloop.engine.backtest import run_backtest
    from alphaloop.engine.panel import make_series
    from alphaloop.engine.strategy import list_strategies

    rows = 1500
    close = 100 + np.cumsum(np.random.default_rng(7).normal(0, 1, rows)) * 0.1
    times = np.arange(rows, dtype=np.int64) * 60_000
    series = make_series("WARM@up", times, close, close + 1, close - 1, close, np.ones(rows))
    for strategy in list_strategies():
        run_backtest(strategy, series, strategy.parse({}), cash=1000.0, fee=0.001)
    (folder / "warm").touch()


if __name__ == "__main__":
    from alphaloop.infra.settings import load_settings

    os.nice(10)
    warm(load_settings().home)
