"""Real bars and tables of the shared data as strategies take them: series, and named inputs aligned with their rows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from alphaloop.engine.backtest import BacktestResult
from alphaloop.engine.panel import Floats, Ints, Panel, Series, make_panel, make_series
from alphaloop.engine.strategy import Strategy
from alphaloop.kernels.futures_index import return_index

DAY_MS = 86_400_000
Bars = Sequence[Series]


def daily_bars(root: Path, folder: str, names: Sequence[str]) -> list[Series]:
    """Daily bars of `data/bars/<folder>/<name>`, each ending a day after its session date."""
    return [_series(name, pl.read_parquet(root / f"data/bars/{folder}/{name}/1d.parquet")) for name in names]


def us_shares(root: Path) -> list[Series]:
    """Every share and fund of the daily US list that is there from the first session of 2005 on."""
    folder = root / "data/bars/equity_us/us_daily"
    names = sorted(path.name for path in folder.iterdir())
    whole = daily_bars(root, "equity_us/us_daily", names)
    begin = min(int(series.ts_ms[0]) for series in whole)
    funds = {"IEF", "QQQ", "SHY", "TLT"}
    return [series for series in whole if series.ts_ms[0] <= begin + 7 * DAY_MS and series.name not in funds]


def closes(root: Path, table: str, names: Sequence[str]) -> list[Series]:
    """Columns of a table that knows only closes: what is decided at one close trades at the next."""
    frame = pl.read_parquet(root / f"data/equity_close/{table}.parquet")
    return [_flat(name, _ms(frame["ts"]), frame[name].to_numpy()) for name in names]


def futures_indices(root: Path, names: Sequence[str]) -> list[Series]:
    """What rolled positions earned, as close-only series; adjusted prices themselves may be below zero."""
    made = []
    for name in names:
        frame = pl.read_parquet(root / f"data/futures_adjusted/{name}.parquet")
        index = return_index(frame["price"].to_numpy(), frame["front_price"].to_numpy())
        made.append(_flat(name, _ms(frame["ts"]), index))
    return made


def columns(root: Path, table: str, names: Sequence[str]) -> tuple[Ints, Floats]:
    """Times int64[T] and values float64[T,K] of a table under `data/`, absent values NaN."""
    frame = pl.read_parquet(root / f"data/{table}.parquet")
    return _ms(frame["ts"]), frame.select(pl.col(names).cast(pl.Float64)).fill_null(np.nan).to_numpy()


def aligned(bars: Bars, ts_ms: Ints, values: Floats) -> Floats:
    """Values float64[K] of their own times as float64[T,1] on the rows of these bars; NaN where there is none."""
    rows = make_panel(bars).ts_ms
    made = np.full((len(rows), 1), np.nan)
    at = np.searchsorted(rows, ts_ms)
    inside = at < len(rows)
    inside[inside] = rows[at[inside]] == ts_ms[inside]
    made[at[inside], 0] = values[inside]
    return made


def last_reported(root: Path, bars: Bars, column: str, *, max_days: int) -> Floats:
    """A figure of the dated company snapshots as known at each close, float64[T,N]; older than `max_days` is absent."""
    frame = pl.read_parquet(root / "data/fundamentals/key_statistics.parquet").drop_nulls(column).sort("ts")
    panel = make_panel(bars)
    made = np.full(panel.close.shape, np.nan)
    for n, series in enumerate(bars):
        own = frame.filter(pl.col("symbol") == series.name)
        if len(own) == 0:
            continue
        ts, values = _ms(own["ts"]), own[column].to_numpy()
        at = np.searchsorted(ts, panel.close_ms, side="right") - 1
        fresh = (at >= 0) & (panel.close_ms - ts[np.maximum(at, 0)] <= max_days * DAY_MS)
        made[fresh, n] = values[at[fresh]]
    return made


def with_extras(strategy: Strategy, extras: dict[str, Floats], *, grouped: bool = True) -> Strategy:
    """The same strategy with its named inputs at hand, each cut to the rows that it is asked about.

    Not `grouped`: its legs are free of each other.
    """

    def evaluate(panel: Panel, params: Any) -> Any:
        known = {name: values[: len(panel.ts_ms)] for name, values in extras.items()}
        signals = strategy.evaluate(panel._replace(extras=known), params)
        return signals if grouped else signals._replace(group=None)

    return replace(strategy, evaluate=evaluate)


def _series(name: str, frame: pl.DataFrame) -> Series:
    ts = _ms(frame["ts"])
    prices = (frame[column].to_numpy() for column in ("open", "high", "low", "close", "volume"))
    return make_series(name, ts, *prices, close_ms=ts + DAY_MS)


def _flat(name: str, ts: Ints, close: Floats) -> Series:
    return make_series(name, ts, close, close, close, close, np.zeros(len(ts)), close_ms=ts + DAY_MS)


def _ms(ts: pl.Series) -> Ints:
    return ts.dt.epoch("ms").to_numpy().astype(np.int64)


def first_trades(result: BacktestResult, count: int) -> list[tuple[str, float, str, float]]:
    """(day and price of the entry, day and price of the exit) of the first trades, prices to the cent."""
    days = result.panel.ts_ms.astype("datetime64[ms]").astype("datetime64[D]").astype(str)
    return [
        (str(days[one.entry_row]), round(one.entry_price, 2), str(days[one.exit_row]), round(one.exit_price, 2))
        for one in result.trades[:count]
    ]
