"""Compiles the numeric kernels once per state of their source and machine, so that the first backtest need not wait."""

import hashlib
import os
import platform
from pathlib import Path

_COMPILED = ("kernels", "engine", "strategies")


def source_key() -> str:
    """Changes with any compiled source: numba's own cache does not notice a change in a function that another calls."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for folder in _COMPILED:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def own_cache(home: Path) -> Path:
    """Point the compiler's cache at a folder of ours; call before numba is imported."""
    folder = home.absolute() / "cache" / f"numba-{source_key()}-{platform.machine()}"
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
