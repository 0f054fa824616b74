"""Reads the funding rates of a perpetual from CSV, Parquet and Feather files, under the names exchanges and people give
the columns; a file in freqtrade's candle pattern keeps the rate as its open.

A bad row refuses the whole file by its number: a wrong rate is money that nobody paid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._bar_files import MAX_BYTES
from alphaloop.adapters.feeds._columns import bad_file, file_kind, read_time
from alphaloop.core.clock import to_ms
from alphaloop.core.money import ONE, ZERO, stored

if TYPE_CHECKING:
    import polars as pl

MAX_SETTLEMENTS = 200_000
_NAMES = {
    "ts": "ts timestamp time date datetime funding_time fundingtime calc_time settle_time 结算时间 时间 日期",
    "rate": "rate funding_rate fundingrate last_funding_rate realized_rate 资金费率 费率",
    "mark": "mark mark_price markprice 标记价格",
}
_MEANING = {alias: name for name, aliases in _NAMES.items() for alias in aliases.split()}
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class ListedFunding:
    """One settlement of a file: its time (epoch ms), the rate, and the mark price where the file states it."""

    ts_ms: int
    rate: Decimal
    mark: Decimal | None = None


def read_funding_file(
    path: Path, *, kind: str | None = None, columns: Mapping[str, str] | None = None
) -> list[ListedFunding]:
    """Every settlement of a file, oldest first. `columns` says what the file calls ts, rate and mark.

    Rates are fractions (0.0001 is 0.01 %). Exchanges stamp a settlement some milliseconds late, so times are those of
    the nearest minute. InvalidError 'bad_bar_file' names the first bad row.
    """
    frame = _frame(path, kind or file_kind(path.name))
    places = _places(frame.columns, columns)
    if frame.height > MAX_SETTLEMENTS:
        raise bad_file("", "too_many_rows")
    if not frame.height:
        raise bad_file("", "empty")
    rows = frame.select([frame[name].alias(ours) for ours, name in places.items()])
    found: list[ListedFunding] = []
    unit: int | None = None
    for number, row in enumerate(rows.iter_rows(named=True), 1):
        where = f"row {number}"
        ts_ms, unit = _time(row["ts"], unit, where)
        if found and ts_ms <= found[-1].ts_ms:
            raise bad_file(where, "not_increasing")
        found.append(ListedFunding(ts_ms, _rate(row["rate"], where), _mark(row.get("mark"), where)))
    return found


def _places(names: list[str], chosen: Mapping[str, str] | None) -> dict[str, str]:
    """Our column -> the file's name for it."""
    if chosen is not None:
        for ours, name in chosen.items():
            if ours not in _NAMES or name not in names:
                raise bad_file(f"column {name}", "no_such_column")
        places = dict(chosen)
    else:
        plain = {name: name.strip().lower().replace(" ", "_") for name in names}
        places = {_MEANING[text]: name for name, text in reversed(plain.items()) if text in _MEANING}
        if "rate" not in places and "open" in names:
            places["rate"] = "open"
    for needed in ("ts", "rate"):
        if needed not in places:
            raise bad_file(f"column {needed}", "no_such_column")
    return places


def _frame(path: Path, kind: str | None) -> "pl.DataFrame":
    import polars as pl

    try:
        if kind is None or path.stat().st_size > MAX_BYTES:
            raise bad_file("", "unreadable" if kind is None else "too_large")
        if kind == "parquet":
            return pl.read_parquet(path)
        return pl.read_ipc(path) if kind == "feather" else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise bad_file("", "unreadable") from None


def _time(value: Any, unit: int | None, where: str) -> tuple[int, int | None]:
    if isinstance(value, datetime):
        ts_ms = to_ms(value if value.tzinfo else value.replace(tzinfo=UTC))
    else:
        try:
            ts_ms, unit = read_time("" if value is None else str(value), unit)
        except ValueError as reason:
            raise bad_file(where, str(reason)) from None
    return (ts_ms + _MINUTE_MS // 2) // _MINUTE_MS * _MINUTE_MS, unit


def _rate(value: Any, where: str) -> Decimal:
    rate = _number(value, where)
    if rate is None:
        raise bad_file(where, "missing_value")
    if abs(rate) >= ONE:
        raise bad_file(where, "not_a_rate")
    return stored(rate)


def _mark(value: Any, where: str) -> Decimal | None:
    """An exchange that kept no mark yet left the cell empty, or said 0."""
    mark = _number(value, where)
    if mark is not None and mark < ZERO:
        raise bad_file(where, "not_positive")
    return stored(mark) if mark else None


def _number(value: Any, where: str) -> Decimal | None:
    text = "" if value is None else str(value).strip()
    if text in ("", "nan", "NaN"):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise bad_file(where, "not_a_number") from None
    if not number.is_finite():
        raise bad_file(where, "not_finite")
    return number
