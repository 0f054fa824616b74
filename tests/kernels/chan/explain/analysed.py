"""Series analysed for the tests of explanations: tables with the bars and the configuration they were made of."""

from pathlib import Path
from typing import NamedTuple

import polars as pl
from hypothesis import strategies as st

from alphaloop.kernels.chan import ChanConfig, ChanState, ChanTables, config_from, config_named
from tests.kernels.chan.series import Bars, random_bars

STRICT = config_named("CN-STRICT-1")
REAL = ("equity_us/lean/IBM/1d", "crypto/binance/ETHUSDT/1h", "equity_cn/sse_index/SH000001/1m", "fx/oanda/EURUSD/1h")
STROKE_CONFIGS = [
    STRICT,
    config_named("new-stroke"),
    config_named("textbook"),
    config_named("czsc-6"),
    config_from({"fractal_check": "totally", "gap_counts": True}),
    config_from({"fractal_check": "half", "stroke_span": "new", "sub_peak": False, "equal_ends": "stay"}),
    config_from({"fractal_check": "loss", "stroke_span": "loose", "end_is_peak": False}),
]


class Analysed(NamedTuple):
    """What `explain` is given."""

    tables: ChanTables
    bars: dict[str, object]
    config: ChanConfig


def analysed(bars: Bars, config: ChanConfig = STRICT) -> Analysed:
    state = ChanState(config)
    state.extend(*bars)
    return Analysed(state.tables(), bars._asdict(), config)


def real_bars(folder: Path, name: str, rows: int) -> Bars:
    frame = pl.read_parquet(folder / "data" / "bars" / f"{name}.parquet", n_rows=rows)
    prices = (frame[column].to_numpy() for column in ("open", "high", "low", "close", "volume"))
    return Bars(frame["ts"].dt.epoch("ms").to_numpy(), *prices)


def long_bars() -> st.SearchStrategy[Bars]:
    """Walks long enough for a few segments."""
    seeds, steps = st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 5, 12])
    return st.builds(random_bars, st.integers(700, 1500), seeds, step=steps)
