"""Answers in the shape of the yfinance package, written by hand after its documentation."""

from typing import Any

import pandas as pd

_FRAME = {
    "Open": [185.0, 186.5, float("nan")],
    "High": [187.0, 186.4999999, float("nan")],  # a high that only noise keeps below the open
    "Low": [184.5, 185.0, float("nan")],
    "Close": [186.0, 185.5, float("nan")],
    "Adj Close": [185.1, 184.6, float("nan")],
    "Volume": [5_000_000, 4_200_000, 0],
}


class Ticker:
    def __init__(self, symbol: str) -> None:
        self._symbol = symbol

    def history(self, *, interval: str, auto_adjust: bool, actions: bool, **asked: Any) -> Any:
        assert (auto_adjust, actions) == (False, False)
        if self._symbol == "GONE":
            return pd.DataFrame({name: [] for name in _FRAME}, index=pd.DatetimeIndex([], tz="America/New_York"))
        if interval == "1d":
            assert "start" in asked
            index = pd.date_range("2024-01-02", periods=3, freq="D", tz="America/New_York")
        else:
            assert "period" in asked
            index = pd.date_range("2024-01-02 09:30", periods=3, freq="30min", tz="America/New_York")
        return pd.DataFrame(_FRAME, index=index)

    @property
    def dividends(self) -> Any:
        index = pd.DatetimeIndex(["2024-02-09", "2024-05-10"], tz="America/New_York")
        return pd.Series([0.24, 0.25], index=index, name="Dividends")
