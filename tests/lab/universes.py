"""Bars that tests of the lab agree on."""

import numpy as np

from alphaloop.engine.panel import make_series
from alphaloop.lab import LabBars

DAY_MS = 86_400_000
FIRST_MS = 1_577_836_800_000  # 2020-01-01


def flat(name: str, rows: int, *, first: int = 0, step_ms: int = DAY_MS) -> LabBars:
    """Bars from 2020-01-01 on, the `first` left out, whose closes rise by one a bar from 100."""
    ts = FIRST_MS + step_ms * np.arange(first, rows)
    close = 100.0 + np.arange(first, rows)
    series = make_series(name, ts, close - 0.5, close + 1.0, close - 1.0, close, np.full(len(ts), 10.0))
    return LabBars(series, tuple(ts.tolist()))
