"""Reads corporate actions from CSV and Parquet files under the names people keep them by, in English and Chinese.

A bad row refuses the whole file by its number: one wrong dividend moves every price before it.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._bar_files import MAX_BYTES
from alphaloop.adapters.feeds._columns import bad_file, file_kind, read_time
from alphaloop.core.clock import from_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.money import ONE, ZERO

if TYPE_CHECKING:
    import polars as pl

MAX_ACTIONS = 200_000
_NAMES = {
    "symbol": "symbol code ticker instrument 代码 证券代码 股票代码",
    "day": "ex_date exdate date ts dividoperatedate 除权除息日 除权日 除息日 日期",
    "cash": "cash dividend dividends dividcashpsbeforetax 每股派息 派息 现金分红",
    "bonus": "bonus stock_dividend 每股送转 送转",
    "split": "split stock_splits split_ratio 拆分",
    "rights": "rights 每股配股 配股",
    "rights_price": "rights_price 配股价",
    "ratio": "ratio 除权比",
}
_MEANING = {alias: name for name, aliases in _NAMES.items() for alias in aliases.split()}
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListedAction:
    """One row of a file: the source's spelling of the instrument, and what happened."""

    symbol: str
    action: CorporateAction
    ratio: Decimal | None = None


def read_action_file(path: Path, *, symbol: str = "") -> list[ListedAction]:
    """Every action of a file, by row. `symbol` names the instrument where the file has no column for it.

    Amounts are per share held before: `cash`, `bonus` shares given (or `split`, what one share becomes), `rights`
    offered at `rights_price`, `ratio` the reference price over the close before. InvalidError 'bad_bar_file' names the
    first bad row.
    """
    frame = _frame(path)
    places = {meaning: name for name in frame.columns if (meaning := _meaning(name)) is not None}
    for needed in ("day", *(() if symbol else ("symbol",))):
        if needed not in places:
            raise bad_file(f"column {'ex_date' if needed == 'day' else needed}", "no_such_column")
    if frame.height > MAX_ACTIONS:
        raise bad_file("", "too_many_rows")
    rows = frame.select(list(places.values())).rename({name: meaning for meaning, name in places.items()})
    return [_action(row, symbol, f"row {number}") for number, row in enumerate(rows.iter_rows(named=True), 1)]


def _meaning(name: str) -> str | None:
    return _MEANING.get(name.strip().lower().replace(" ", "_"))


def _frame(path: Path) -> "pl.DataFrame":
    import polars as pl

    kind = file_kind(path.name)
    try:
        if kind is None or path.stat().st_size > MAX_BYTES:
            raise bad_file("", "unreadable" if kind is None else "too_large")
        if kind == "parquet":
            return pl.read_parquet(path)
        return pl.read_ipc(path) if kind == "feather" else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, ValueError):
        raise bad_file("", "unreadable") from None


def _action(row: dict[str, Any], symbol: str, where: str) -> ListedAction:
    amounts = {name: _amount(row.get(name), where) for name in ("cash", "bonus", "rights", "rights_price")}
    split = _amount(row.get("split"), where)
    if split:
        amounts["bonus"] = split - ONE
    ratio = _amount(row.get("ratio"), where)
    if ratio < ZERO:
        raise bad_file(where, "not_positive")
    name = str(row.get("symbol") or symbol).strip()
    if not name:
        raise bad_file(where, "missing_value")
    try:
        return ListedAction(name, CorporateAction(_day(row["day"], where), **amounts), ratio or None)
    except InvalidError as error:
        if error.code == "bad_bar_file":
            raise
        raise InvalidError(
            f"{where.capitalize()}: {error.message}", code=error.code, fields=((where, error.code),)
        ) from None


def _day(value: Any, where: str) -> date:
    if isinstance(value, date):  # a datetime is one too
        return date(value.year, value.month, value.day)
    try:
        return from_ms(read_time(str(value or ""), None)[0]).date()
    except ValueError as reason:
        raise bad_file(where, str(reason)) from None


def _amount(value: Any, where: str) -> Decimal:
    """The decimal a cell says; an empty cell is nothing."""
    text = "" if value is None else str(value).strip()
    if text in ("", "nan", "NaN", "--"):
        return ZERO
    if not _NUMBER.fullmatch(text):
        raise bad_file(where, "not_a_number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise bad_file(where, "not_a_number") from None
