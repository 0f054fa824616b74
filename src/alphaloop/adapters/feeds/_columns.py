"""The names under which people keep the six columns of a bar file, in English and Chinese, and the rules of a row.

The fast path and the line-by-line search for the first bad line share these, so that they cannot disagree.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from alphaloop.core.clock import to_ms
from alphaloop.core.errors import InvalidError

COLUMNS = ("ts", "open", "high", "low", "close", "volume")
_ALIASES = {
    "ts": "ts timestamp time date datetime day open_time opentime time_key trade_date unix 时间 日期 交易日期",
    "open": "open o open_price 开盘 开盘价 开",
    "high": "high h high_price 最高 最高价 高",
    "low": "low l low_price 最低 最低价 低",
    "close": "close c close_price 收盘 收盘价 收",
    "volume": "volume vol v qty 成交量 量",
}
_MEANING = {alias: column for column, aliases in _ALIASES.items() for alias in aliases.split()}
# A unit or remark in brackets, of either script.
_PLAIN_NAME = re.compile(r"[(\[（【].*$")

FIRST_MS, LAST_MS = -2_208_988_800_000, 4_102_444_800_000  # 1900-01-01 and 2100-01-01
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_ISO = re.compile(r"\d{4}[-/]\d{2}[-/]\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)

REASONS = {
    "no_such_column": "the column is missing",
    "not_a_number": "a price or volume is not a number",
    "not_finite": "a price or volume is not finite",
    "not_positive": "a price is not above zero",
    "not_a_rate": "a funding rate is a fraction between -1 and 1",
    "negative_volume": "the volume is below zero",
    "high_below_low": "the high is below the low",
    "outside_range": "open or close lies outside low and high",
    "bad_time": "the time is not epoch seconds, milliseconds or ISO 8601",
    "not_increasing": "the time is not later than the row before",
    "missing_value": "a value is missing",
    "too_many_rows": "there are too many rows",
    "too_large": "it is larger than 200 MB",
    "empty": "there are no rows",
    "unreadable": "the file cannot be read",
    "wrong_timeframe": "the steps between the times are shorter than the timeframe",
}


def bad_file(where: str, code: str) -> InvalidError:
    """The refusal of a file: `where` names the line or column, `code` the reason."""
    head = f"{where[:1].upper()}{where[1:]}" if where else "The file"
    return InvalidError(f"{head}: {REASONS[code]}.", code="bad_bar_file", fields=((where or "file", code),))


def file_kind(name: str) -> str | None:
    """csv, parquet or feather by the ending of a file's name; None for anything else."""
    ending = name.lower().rpartition(".")[2]
    return {"csv": "csv", "txt": "csv", "parquet": "parquet", "feather": "feather", "arrow": "feather"}.get(ending)


def decoded(raw: bytes) -> tuple[str, bool]:
    """(the line's text, whether it is UTF-8): Chinese programs write GBK, of which GB 18030 is the whole."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding), encoding == "utf-8-sig"
        except UnicodeDecodeError:
            continue
    raise bad_file("line 1", "unreadable")


def separator_of(line: str) -> str:
    """The sign between the cells of a line."""
    return max(",;\t|", key=line.count)


def guess_columns(names: list[str]) -> dict[str, int]:
    """Position of each column whose meaning a name tells, exactly or with a unit or remark behind it, such as
    `成交量(股)` or `Open Price`; without any refusal, for showing to a person."""
    found: dict[str, int] = {}
    plain = [_PLAIN_NAME.sub("", _normal(name)).rstrip("_") for name in names]
    for exact in (True, False):
        for position, name in enumerate(plain):
            meaning = _MEANING.get(name if exact else name.split("_")[0])
            if meaning is not None and position not in found.values():
                found.setdefault(meaning, position)
    return found


def chosen_columns(names: list[str], chosen: Mapping[str, str]) -> dict[str, int]:
    """Position of each column that a person has confirmed: our name -> the file's. The volume may be left out."""
    places = {name.strip().strip('"'): position for position, name in reversed(list(enumerate(names)))}
    for column, name in chosen.items():
        if column not in COLUMNS or name not in places:
            raise bad_file(f"column {column if column not in COLUMNS else name}", "no_such_column")
    for column in COLUMNS[:5]:
        if column not in chosen:
            raise bad_file(f"column {column}", "no_such_column")
    return {column: places[name] for column, name in chosen.items()}


def _normal(name: str) -> str:
    return name.strip().strip('"').lower().replace(" ", "_")


def find_columns(names: list[str]) -> dict[str, int] | None:
    """Position of each of the six columns in a header, or None when the line is no header.

    The volume may be absent (an index has none); any other missing column is an InvalidError.
    """
    found: dict[str, int] = {}
    for position, name in enumerate(names):
        meaning = _MEANING.get(_normal(name))
        if meaning is not None:
            found.setdefault(meaning, position)
    if not found:
        return None
    for column in COLUMNS[:5]:
        if column not in found:
            raise bad_file(f"column {column}", "no_such_column")
    return found


def read_number(text: str) -> float:
    """A float from ordinary number text, or ValueError with the reason's code."""
    text = text.strip()
    if not text:
        raise ValueError("missing_value")
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise ValueError("not_finite")
    if not _PLAIN_NUMBER.fullmatch(text):
        raise ValueError("not_a_number")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not_finite")
    return value


def epoch_unit(first: float) -> int:
    """Nanoseconds in one unit of the epoch numbers of a file, told by the size of its first time; 0 for YYYYMMDD."""
    size = abs(first)
    if 19_000_101 <= size <= 21_001_231 and float(first).is_integer():
        return 0
    if size < 1e11:
        return 1_000_000_000
    if size < 1e14:
        return 1_000_000
    return 1_000 if size < 1e17 else 1


def read_time(text: str, unit: int | None) -> tuple[int, int]:
    """(epoch ms, unit) of one time; `unit` None means the first row decides. ValueError when it is no time."""
    text = text.strip().strip('"')
    if not text:
        raise ValueError("missing_value")
    if _PLAIN_NUMBER.fullmatch(text):
        value = float(text)
        unit = epoch_unit(value) if unit is None or unit < 0 else unit
        return _in_range(_day_ms(text) if unit == 0 else round(value * unit / 1e6)), unit
    if not _ISO.fullmatch(text):
        raise ValueError("bad_time")
    try:
        moment = datetime.fromisoformat(text.replace("/", "-").replace(" ", "T", 1))
    except ValueError:
        raise ValueError("bad_time") from None
    return _in_range(to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))), -1


def _day_ms(text: str) -> int:
    try:
        day = date.fromisoformat(f"{int(float(text)):08d}")
    except ValueError:
        raise ValueError("bad_time") from None
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _in_range(ts_ms: int) -> int:
    if not FIRST_MS <= ts_ms <= LAST_MS:
        raise ValueError("bad_time")
    return ts_ms


def row_fault(ts_ms: int, before: int | None, prices: tuple[float, float, float, float], volume: float) -> str | None:
    """The code of the first rule a row breaks, or None."""
    opened, high, low, close = prices
    if before is not None and ts_ms <= before:
        return "not_increasing"
    if min(prices) <= 0:
        return "not_positive"
    if volume < 0:
        return "negative_volume"
    if high < low:
        return "high_below_low"
    if not low <= min(opened, close) <= max(opened, close) <= high:
        return "outside_range"
    return None
