"""How fast bars come in, are read at their newest end and are made coarser, beside plain polars on the same file.

The peer does less: it parses the CSV and keeps nothing, checks nothing, and knows no decimals."""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from alphaloop.adapters.feeds import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.corporate import CorporateAction, parse_adjustment
from alphaloop.features.market.adjusting import ExDate, terms_of
from alphaloop.features.market.models import StoredMode
from alphaloop.features.market.reading import SeriesKey, read_series
from alphaloop.features.market.resample import resample
from alphaloop.features.market.store import BarStore, rows_of
from alphaloop.kernels.adjust import adjust, closes_before, ratio_steps

ROWS = 1_000_000
NEWEST = 10_000
ROUNDS = 5
SYMBOL = "BTC/USDT@binance"
SHARE = "600519@XSHG"


def write_minutes(path: Path, rows: int, seed: int = 7) -> None:
    """A walk of minute bars with two price decimals, the same for every run, as CSV."""
    random = np.random.default_rng(seed)
    close = np.round(20_000 * np.exp(np.cumsum(random.normal(0, 0.0005, rows))), 2)
    opened = np.concatenate((close[:1], close[:-1]))
    pl.DataFrame(
        {
            "ts": 1_600_000_000_000 + 60_000 * np.arange(rows, dtype=np.int64),
            "open": opened,
            "high": np.round(np.maximum(opened, close) + random.integers(0, 500, rows) / 100, 2),
            "low": np.round(np.minimum(opened, close) - random.integers(0, 500, rows) / 100, 2),
            "close": close,
            "volume": np.round(random.uniform(0.01, 90, rows), 5),
        }
    ).write_csv(path)


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Median and best of a few rounds, after one unmeasured round."""
    work()
    taken = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        taken.append((perf_counter() - start) * 1000)
    return {"median": round(statistics.median(taken), 2), "best": round(min(taken), 2)}


def import_once(path: Path, folder: Path) -> float:
    """Seconds from a CSV file to a stored series in an empty store."""
    start = perf_counter()
    done = BarStore(folder).append(SYMBOL, Timeframe.M1, read_bar_file(path))
    taken = perf_counter() - start
    if done.added != ROWS:
        raise RuntimeError(f"{done.added} of {ROWS} rows were stored")
    return taken


def _session_figures(whole: BarTable) -> dict[str, Any]:
    """A million Shanghai minutes (240 a day), made coarser by its sessions."""
    minute = np.concatenate((np.arange(90, 210), np.arange(300, 420)))
    days = np.array([day for day in range(10_000, 16_000) if (day + 3) % 7 < 5])
    ts = (days[:, None] * 1440 + minute).ravel()[:ROWS] * 60_000
    table, calendar = replace(whole, ts=ts), find_calendar("XSHG")
    return {
        f"sessions_1m_to_{target}_ms": milliseconds(
            lambda target=target: resample(table, source=Timeframe.M1, target=target, calendar=calendar)
        )
        for target in (Timeframe.M5, Timeframe.H1, Timeframe.D1)
    }


def _adjust_figures(folder: Path) -> dict[str, Any]:
    """5 000 days with 41 ex-dates: the arithmetic alone, and a whole read from the store as traded and adjusted."""
    days = np.arange(5000, dtype=np.int64) * 86_400_000
    close = np.round(10 + np.random.default_rng(7).random(5000), 2)
    table = BarTable(days, close, close, close, close, close, 2, 2)
    store = BarStore(folder)
    store.append(SHARE, Timeframe.D1, table)
    action = CorporateAction(date(2000, 1, 3), cash=Decimal("0.1"))
    ex_dates = tuple(ExDate(day, action) for day in days[100::120].tolist())
    terms = terms_of(ex_dates, StoredMode.RAW)

    def key(adjust: str) -> SeriesKey:
        return SeriesKey(SHARE, Timeframe.D1, "XSHG", (Timeframe.D1,), parse_adjustment(adjust), ex_dates=ex_dates)

    def once() -> object:
        steps = ratio_steps(closes_before(days, close, terms.day), terms)
        return adjust(days, (close, close, close, close), close, steps=steps, anchor_day=int(days[-1]))

    return {
        "adjust_5000_days_ms": milliseconds(once),
        "read_5000_days_ms": milliseconds(lambda: read_series(store, key("none"))),
        "read_5000_days_forward_ms": milliseconds(lambda: read_series(store, key("forward"))),
    }


def run(json: bool) -> dict[str, Any]:
    """Measure and print; with `json` the caller prints the figures."""
    with tempfile.TemporaryDirectory(prefix="alphaloop-bars-") as name:
        folder = Path(name)
        path = folder / "minutes.csv"
        write_minutes(path, ROWS)
        imports = [import_once(path, folder / f"store{number}") for number in range(3)]
        store = BarStore(folder / "store0")
        whole = store.read(SYMBOL, Timeframe.M1)
        calendar = find_calendar("24x7")
        figures: dict[str, Any] = {
            "rows": ROWS,
            "import_csv_s": {"median": round(statistics.median(imports), 3), "best": round(min(imports), 3)},
            "newest_10000_ms": milliseconds(lambda: store.read(SYMBOL, Timeframe.M1, last=NEWEST)),
            "newest_10000_as_text_ms": milliseconds(lambda: rows_of(store.read(SYMBOL, Timeframe.M1, last=NEWEST))),
            "read_all_ms": milliseconds(lambda: store.read(SYMBOL, Timeframe.M1)),
            "resample_1m_to_5m_ms": milliseconds(
                lambda: resample(whole, source=Timeframe.M1, target=Timeframe.M5, calendar=calendar)
            ),
            "resample_1m_to_1d_ms": milliseconds(
                lambda: resample(whole, source=Timeframe.M1, target=Timeframe.D1, calendar=calendar)
            ),
            **_session_figures(whole),
            **_adjust_figures(folder / "days"),
            "peer_polars_read_csv_ms": milliseconds(lambda: pl.read_csv(path)),
        }
    if json:
        return figures
    print(f"{ROWS:,} one-minute bars; median (best)")
    for name, figure in figures.items():
        if isinstance(figure, dict):
            print(f"  {name:<26}{figure['median']:>12,.2f}  ({figure['best']:,.2f})")
    return figures
