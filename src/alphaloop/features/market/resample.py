"""Coarser bars from finer ones: around the clock by UTC, elsewhere by the market's own sessions."""

from datetime import time
from typing import TYPE_CHECKING

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    import polars as pl

# Which stored timeframe a missing one is best made of: the coarsest that divides it.
_ORDER = tuple(Timeframe)


def finer_timeframes(timeframe: Timeframe) -> list[Timeframe]:
    """Timeframes this one can be made of, coarsest first. Months are not made of weeks: a week may span two."""
    finer: list[Timeframe] = [
        candidate
        for candidate in _ORDER
        if candidate.ms < timeframe.ms and timeframe.ms % candidate.ms == 0 and candidate is not Timeframe.W1
    ]
    return finer[::-1]


def resample(table: BarTable, *, source: Timeframe, target: Timeframe, calendar: Calendar) -> BarTable:
    """Bars of `target` length made of `source` bars: first open, highest high, lowest low, last close, sum of volume.

    The last bar may be unfinished; `drop_unfinished` takes it away. Session markets start their bars at the session's
    open (four hours and longer: at the day's open), and days carry the session date at 00:00 UTC.
    """
    import numpy as np
    import polars as pl

    if source not in finer_timeframes(target):
        raise InvalidError(f"{target} bars cannot be made of {source} bars.", code="cannot_resample")
    frame = pl.DataFrame(
        {
            "ts": group_starts(pl.Series(table.ts), source=source, target=target, calendar=calendar),
            "open": table.open,
            "high": table.high,
            "low": table.low,
            "close": table.close,
            "volume": table.volume,
        }
    )
    made = (
        frame.lazy()
        .group_by("ts", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .collect()
    )
    columns = {name: np.ascontiguousarray(made[name].to_numpy()) for name in made.columns}
    # A sum of floats carries noise beyond the decimals its parts were written with.
    columns["volume"] = np.round(columns["volume"], table.volume_decimals)
    return BarTable.of(columns, price_decimals=table.price_decimals, volume_decimals=table.volume_decimals)


def drop_unfinished(made: BarTable, *, target: Timeframe, calendar: Calendar, source_close_ms: int) -> BarTable:
    """The table without its last bar when the finer bars do not yet reach that bar's end."""
    if len(made) and calendar.close_ms(int(made.ts[-1]), target) > source_close_ms:
        return made.cut(0, len(made) - 1)
    return made


def group_starts(ts: "pl.Series", *, source: Timeframe, target: Timeframe, calendar: Calendar) -> "pl.Series":
    """Open time (epoch ms) of the `target` bar that each `source` bar belongs to."""
    import polars as pl

    moments = pl.DataFrame({"ts": ts}).select(pl.from_epoch("ts", time_unit="ms").alias("t"))
    days_already = not source.intraday
    if target.intraday:
        if calendar.around_the_clock:
            return ts // target.ms * target.ms
        return _session_starts(moments, target, calendar)
    day = pl.col("t") if days_already else pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone(calendar.zone)
    length = {Timeframe.D1: "1d", Timeframe.W1: "1w", Timeframe.MO1: "1mo"}[target]
    return moments.select(day.dt.date().cast(pl.Datetime("ms")).dt.truncate(length).cast(pl.Int64).alias("ts"))["ts"]


def _session_starts(moments: "pl.DataFrame", target: Timeframe, calendar: Calendar) -> "pl.Series":
    import polars as pl

    local = pl.col("t").dt.replace_time_zone("UTC").dt.convert_time_zone(calendar.zone)
    minute = local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute().cast(pl.Int64)
    opens = [_minutes(start) for start, _ in calendar.sessions]
    if target.ms >= Timeframe.H4.ms:
        opens = opens[:1]
    anchor = pl.lit(0, dtype=pl.Int64)
    for opened in opens:
        anchor = pl.when(minute >= opened).then(pl.lit(opened, dtype=pl.Int64)).otherwise(anchor)
    length = target.ms // 60_000
    # Moving back by minutes is safe because the zone's offset never changes inside a session.
    back = (minute - anchor) % length
    seconds = local.dt.second().cast(pl.Int64) * 1000 + local.dt.millisecond().cast(pl.Int64)
    return moments.select((pl.col("t").cast(pl.Datetime("ms")).cast(pl.Int64) - back * 60_000 - seconds).alias("ts"))[
        "ts"
    ]


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute
