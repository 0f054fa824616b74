"""A backtest's result in the shapes that other tools read: polars, pandas, CSV, and the returns quantstats asks for."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alphaloop.engine.backtest import BacktestResult
from alphaloop.engine.simulate import FillReason
from alphaloop.engine.why import Why, why
from alphaloop.kernels.return_tables import day_closes
from alphaloop.lab.moments import row_at
from alphaloop.lab.universe import Coverage

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]
    import polars as pl

_TABLES = ("trades", "equity", "fills", "metrics")
_NOTHING = 1e-9


@dataclass(frozen=True, repr=False)
class LabResult(BacktestResult):
    """What a run showed, with its tables. `coverage` says who of the universe is missing, where one was given."""

    coverage: Coverage | None = None

    def __str__(self) -> str:
        told = [] if self.coverage is None else [*self.coverage.lines(), *self._stranded()]
        return "\n".join([super().__str__(), *told])

    def __repr__(self) -> str:
        # A notebook shows this; the arrays would fill its page.
        return str(self)

    @property
    def trades_frame(self) -> "pl.DataFrame":
        """One row per closed round trip, in order of their end; `side` is that of the entry, `pnl` net of fees, `mfe`
        and `mae` how far prices went for and against it, as fractions of the entry price."""
        import polars as pl

        trips, names = self.trips, np.array(self.panel.names)
        paid = trips.quantity * trips.entry_price
        return pl.DataFrame(
            {
                "instrument": names[trips.column],
                "side": np.where(trips.long == 1, "BUY", "SELL"),
                "entry_ts": self._times(trips.entry_row),
                "exit_ts": self._times(trips.exit_row),
                "bars": trips.exit_row - trips.entry_row,
                "quantity": trips.quantity,
                "entry_price": trips.entry_price,
                "exit_price": trips.exit_price,
                "fees": trips.fees,
                "pnl": trips.pnl,
                "return": np.divide(trips.pnl, paid, out=np.zeros(len(paid)), where=paid != 0.0),
                "mfe": trips.mfe,
                "mae": trips.mae,
            }
        )

    @property
    def equity_frame(self) -> "pl.DataFrame":
        """ts, equity after the row's close, and drawdown from the highest equity so far as a fraction."""
        import polars as pl

        highest = np.maximum.accumulate(np.maximum(self.equity, self.rules.cash))
        rows = np.arange(len(self.equity))
        return pl.DataFrame({"ts": self._times(rows), "equity": self.equity, "drawdown": 1.0 - self.equity / highest})

    @property
    def fills_frame(self) -> "pl.DataFrame":
        """One row per fill: ts of its bar, signed quantity, price after slippage, fee and reason."""
        import polars as pl

        fills = self.fills
        return pl.DataFrame(
            {
                "ts": self._times(fills.row),
                "instrument": np.array(self.panel.names)[fills.column],
                "quantity": fills.quantity,
                "price": fills.price,
                "fee": fills.fee,
                "reason": [FillReason(int(reason)).name for reason in fills.reason],
            }
        )

    @property
    def metrics_frame(self) -> "pl.DataFrame":
        """name, value; empty where a figure cannot be told."""
        import polars as pl

        values = [None if value is None else float(value) for value in self.metrics.values()]
        return pl.DataFrame({"name": list(self.metrics), "value": values}, schema_overrides={"value": pl.Float64})

    @property
    def returns(self) -> "pd.Series[float]":
        """Return of each UTC day from the first traded one on, as a pandas Series by day: what quantstats reads.

        Days without a row are absent. The first one counts from the starting cash."""
        import pandas as pd

        start = self.rules.start
        days, closes = day_closes(self.panel.ts_ms[start:], self.equity[start:])
        before = np.r_[self.rules.cash, closes[:-1]]
        made = np.divide(closes, before, out=np.ones(len(closes)), where=before > 0.0) - 1.0
        return pd.Series(made, index=pd.DatetimeIndex(days.astype("datetime64[ms]"), name="day"), name=self.strategy)

    def to_pandas(self) -> "dict[str, pd.DataFrame]":
        """The tables trades, equity, fills and metrics as pandas frames; times are aware UTC."""
        import pandas as pd

        made = {}
        for name in _TABLES:
            frame = getattr(self, f"{name}_frame")
            columns = {}
            for column in frame.get_columns():
                values = column.to_numpy()
                columns[column.name] = pd.to_datetime(values, utc=True) if column.dtype.is_temporal() else values
            made[name] = pd.DataFrame(columns)
        return made

    def to_csv(self, folder: str | Path) -> list[Path]:
        """Write trades.csv, equity.csv, fills.csv and metrics.csv into the folder, which is made if need be."""
        into = Path(folder)
        into.mkdir(parents=True, exist_ok=True)
        paths = [into / f"{name}.csv" for name in _TABLES]
        for name, path in zip(_TABLES, paths, strict=True):
            getattr(self, f"{name}_frame").write_csv(path)
        return paths

    def why(self, at: Any, instrument: str | None = None) -> Why:
        """Why there was a trade in a bar, or none: signal, sizing, rules and fill. `at` is a row or a time."""
        names = self.panel.names
        column = 0 if instrument is None else names.index(instrument) if instrument in names else -1
        return why(self, row_at(self.panel.ts_ms, at), column)

    def _stranded(self) -> list[str]:
        """Who is still held though its bars are over."""
        held = np.zeros(len(self.panel.names))
        np.add.at(held, self.fills.column, self.fills.quantity)
        over = ~np.isfinite(self.panel.close[-1]) & (np.abs(held) > _NOTHING)
        names = [self.panel.names[n] for n in np.flatnonzero(over)]
        return [f"Still held at the last price after the bars ended: {', '.join(names)}."] if names else []

    def _times(self, rows: Any) -> "pl.Series":
        import polars as pl

        return pl.Series("ts", self.panel.ts_ms[rows]).cast(pl.Datetime("ms", "UTC"))


def lab_result(made: BacktestResult, coverage: Coverage | None = None) -> LabResult:
    """The same result with its tables."""
    known = {field.name: getattr(made, field.name) for field in dataclasses.fields(BacktestResult)}
    return LabResult(**known, coverage=coverage)
