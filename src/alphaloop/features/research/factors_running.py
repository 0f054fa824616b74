"""The factor report itself, in the child process: bars in, plain JSON out. It knows no database."""

from dataclasses import replace
from typing import Any

import numpy as np

from alphaloop.core.corporate import RAW
from alphaloop.core.errors import InvalidError
from alphaloop.features.market.service import BarStore, SeriesKey, read_series
from alphaloop.infra.jobs.child import Report
from alphaloop.kernels.factors.own_rows import Floats
from alphaloop.kernels.factors.study import study_factor

TARGET = f"{__name__}:run"
STEPS = ("bars", "factor", "report", "others")


def run(args: dict[str, Any], report: Report) -> dict[str, Any]:
    """The study of a factor for the arguments that `factors_service.arguments_of` made, with the timeframe.
    InvalidError says what does not fit."""

    def told(step: str) -> None:
        report(STEPS.index(step), len(STEPS), step)

    told("bars")
    inputs, ts_ms = read_inputs(BarStore(args["bars_dir"]), args["keys"], args["start_ts"], args["end_ts"])
    try:
        made = study_factor(
            args["factor"],
            inputs,
            ts_ms=ts_ms,
            names=[key.symbol for key in args["keys"]],
            params=args["params"],
            horizons=args["horizons"],
            quantiles=args["quantiles"],
            delay=args["delay"],
            on_step=told,
        )
    except ValueError as error:
        raise InvalidError(f"{error}.", code="bad_parameter") from None
    report(len(STEPS), len(STEPS), STEPS[-1])
    return made | {"timeframe": args["timeframe"]}


def read_inputs(
    store: BarStore, keys: list[SeriesKey], start_ts: int | None, end_ts: int | None
) -> tuple[dict[str, Floats], Any]:
    """Closes, volume and value traded, each float64[T,N], and the rows' times int64[T]: the union of all bars' opens.

    Value is counted at the prices of its day, whatever the closes were adjusted for."""
    columns = []
    for key in keys:
        table = read_series(store, key, since_ts=start_ts)
        plain = table if key.adjust == RAW else read_series(store, replace(key, adjust=RAW), since_ts=start_ts)
        rows = len(table) if end_ts is None else int(np.searchsorted(table.ts, end_ts, side="right"))
        if rows == 0:
            raise InvalidError(
                f"{key.symbol} has no {key.timeframe.value} bars in this period.",
                code="no_bars",
                fields=(("instruments", "no_bars"),),
            )
        traded = np.asarray(plain.close)[:rows] * np.asarray(plain.volume)[:rows]
        columns.append((table.ts[:rows], table.close[:rows], table.volume[:rows], traded))
    ts_ms = np.unique(np.concatenate([one[0] for one in columns]))
    made = np.full((3, len(ts_ms), len(keys)), np.nan)
    for n, (ts, *values) in enumerate(columns):
        made[:, np.searchsorted(ts_ms, ts), n] = values
    return {"close": made[0], "volume": made[1], "traded": made[2]}, ts_ms
