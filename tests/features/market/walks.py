"""Made bars: a seeded random walk, and the file a person would bring it in. Light enough for a child process."""

import numpy as np

from alphaloop.adapters.feeds.contract import BarTable

START_MS = 1_700_006_400_000  # 2023-11-15 00:00 UTC
MINUTE_MS = 60_000


def walk(
    rows: int, *, start_ms: int = START_MS, step_ms: int = MINUTE_MS, seed: int = 7, decimals: int = 2
) -> BarTable:
    """A seeded random walk whose prices lie on a grid of `decimals`."""
    random = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.002, rows))), decimals)
    opened = np.concatenate((np.array([100.0]), close[:-1]))
    high = np.round(np.maximum(opened, close) + random.integers(0, 30, rows) / 10**decimals, decimals)
    low = np.round(np.minimum(opened, close) - random.integers(0, 30, rows) / 10**decimals, decimals)
    return BarTable(
        ts=start_ms + step_ms * np.arange(rows, dtype=np.int64),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=np.round(random.uniform(0.001, 9, rows), 3),
        price_decimals=decimals,
        volume_decimals=3,
    )


def csv_of(table: BarTable) -> bytes:
    """The table as the CSV a person would bring."""
    lines = ["ts,open,high,low,close,volume"]
    columns = (table.open, table.high, table.low, table.close)
    for row, ts in enumerate(table.ts.tolist()):
        prices = ",".join(f"{column[row]:.{table.price_decimals}f}" for column in columns)
        lines.append(f"{ts},{prices},{table.volume[row]:.{table.volume_decimals}f}")
    return ("\n".join(lines) + "\n").encode()
