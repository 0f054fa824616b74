"""Compiles the numeric kernels once per state of their source and machine, so that the first backtest need not wait."""

import hashlib
import os
import platform
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alphaloop.engine.panel import Series
    from alphaloop.engine.strategy import Strategy

_COMPILED = ("kernels", "engine", "strategies")


def source_key() -> str:
    """Changes with any compiled source: numba's own cache does not notice a change in a function that another calls."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for folder in _COMPILED:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def own_cache(cache: Path) -> Path:
    """Point the compiler's cache at a folder of ours; call before numba is imported."""
    folder = cache / f"numba-{source_key()}-{platform.machine()}"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder


def is_warm(folder: Path) -> bool:
    return (folder / "warm").is_file()


def warm(cache: Path) -> None:
    """Run every compiled path once on a short series, unless that has been done for this source."""
    folder = own_cache(cache)
    if is_warm(folder):
        return
    import numpy as np

    from alphaloop.engine.panel import make_series
    from alphaloop.engine.strategy import list_strategies
    from alphaloop.kernels.chan import ChanState, config_named
    from alphaloop.kernels.chan.events import LifeLog

    rows = 1500
    close = 100 + np.cumsum(np.random.default_rng(7).normal(0, 1, rows)) * 0.1
    times = np.arange(rows, dtype=np.int64) * 60_000
    series = make_series("WARM@up", times, close, close + 1, close - 1, close, np.ones(rows))
    for strategy in list_strategies():
        _warm_strategy(strategy, series)
    LifeLog(ChanState(config_named("CN-STRICT-1"))).extend(times, close, close + 1, close - 1, close, np.ones(rows))
    (folder / "warm").touch()


def _warm_strategy(strategy: "Strategy", series: "Series") -> None:
    """Run a strategy on what it asks for: one series, or several of made walks with made inputs."""
    import numpy as np

    from alphaloop.core.errors import InvalidError
    from alphaloop.engine.backtest import run_backtest
    from alphaloop.engine.features import build_panel

    extras, several, params = strategy.extras, strategy.instruments, strategy.parse({})
    if not extras and several == 1:
        run_backtest(strategy, series, params, cash=1000.0, fee=0.001)
        return
    days = series.ts_ms * 1440
    bars = [series._replace(name=f"WARM{n}@up", ts_ms=days, close_ms=days + 86_400_000) for n in range(several)]
    made = np.random.default_rng(7).normal(0, 0.01, (len(days), 1))
    try:
        if strategy.legs is None:
            rules = {"cash": 1000.0, "fee": 0.001, "can_short": True}
            run_backtest(strategy, bars, params, extras=dict.fromkeys(extras, made), **rules)
        else:
            strategy.evaluate(build_panel(bars, strategy, params, extras=dict.fromkeys(extras, made)), params)
    except InvalidError:
        # Made numbers do not satisfy every strategy; such a one compiles at its first run.
        return


def warm_for(parent: int) -> None:
    """Compile in the background for a worker, and give up when it dies: nobody would use the rest."""
    from alphaloop.infra.settings import load_settings

    os.nice(10)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    warm(load_settings().compile_cache)


if __name__ == "__main__":
    warm_for(os.getppid())
