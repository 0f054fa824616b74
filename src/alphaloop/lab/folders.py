"""Folders of bar files named by instrument and timeframe, as freqtrade keeps them, and freqtrade's own JSON.

Names such as `AAPL/1d.parquet` and `AAPL_1d.csv` do. Freqtrade writes `BTC_USDT-5m.feather` (.parquet, .json, .json.gz)
into a folder per exchange and perpetuals as `futures/BTC_USDT_USDT-1h-futures.feather`; its JSON is a list of
[epoch ms, open, high, low, close, volume].
"""

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds._columns import COLUMNS, REASONS
from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    import polars as pl

_JSON = (".json", ".json.gz")
# A month is written 1Mo where names of files know no capitals. Marks, funding rates and trades are no bars.
_NAMED = re.compile(
    r"(?P<pair>[A-Za-z0-9._@^]+?)[-_](?P<timeframe>[1-9]\d?(?:m|h|d|w|M|Mo))(?P<kind>-futures)?"
    r"\.(?:csv|parquet|feather|arrow|json|json\.gz)",
    re.ASCII,
)
_BARE = re.compile(r"(?P<timeframe>[1-9]\d?(?:m|h|d|w|M|Mo))\.(?:csv|parquet|feather|arrow|json|json\.gz)", re.ASCII)


def is_json(path: Path) -> bool:
    """Whether the name says JSON, packed or not."""
    return path.name.lower().endswith(_JSON)


def read_json(path: Path) -> "pl.DataFrame":
    """Rows of freqtrade's JSON under our column names. InvalidError 'bad_bar_file' when it is none."""
    import polars as pl

    try:
        text = gzip.decompress(path.read_bytes()) if path.name.lower().endswith(".gz") else path.read_bytes()
        rows = json.loads(text)
    except (OSError, EOFError, ValueError):
        raise _bad_file(path, "file", "unreadable") from None
    if not isinstance(rows, list):
        raise _bad_file(path, "file", "unreadable")
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(COLUMNS):
            raise _bad_file(path, f"row {number}", "missing_value")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}
    return pl.DataFrame({name: pl.Series(name, values, strict=False) for name, values in columns.items()})


def pair_of(path: Path) -> str:
    """The instrument that a file's name tells, as freqtrade writes it: BTC/USDT, or BTC/USDT:USDT for a perpetual. Of a
    file named by its timeframe alone it is the folder."""
    if _BARE.fullmatch(path.name):
        return path.parent.name
    found = _NAMED.fullmatch(path.name)
    if found is None:
        return path.name.partition(".")[0]
    parts = found["pair"].split("_")
    if len(parts) == 3 and found["kind"]:
        return f"{parts[0]}/{parts[1]}:{parts[2]}"
    return "/".join(parts) if len(parts) == 2 else found["pair"]


def files_of(folder: Path, timeframe: str) -> list[Path]:
    """The folder's bar files of one timeframe, sorted by name; of a pair in several formats the first by name.

    InvalidError 'no_such_timeframe' names those that are there."""
    named = [(path, found) for path in sorted(folder.iterdir()) if (found := _NAMED.fullmatch(path.name))]
    named += [(path, found) for path in sorted(folder.glob("*/*")) if (found := _BARE.fullmatch(path.name))]
    chosen: dict[str, Path] = {}
    for path, found in named:
        if _spelled(found["timeframe"]) == timeframe:
            chosen.setdefault(pair_of(path), path)
    if not chosen:
        known = ", ".join(sorted({_spelled(found["timeframe"]) for _, found in named})) or "none"
        raise InvalidError(
            f"{folder.name} has no bars of that timeframe; there are: {known}.",
            code="no_such_timeframe",
            fields=(("timeframe", "no_such_timeframe"),),
        )
    return list(chosen.values())


def _spelled(timeframe: str) -> str:
    return timeframe.replace("Mo", "M")


def _bad_file(path: Path, where: str, code: str) -> InvalidError:
    fields: tuple[Any, ...] = ((where, code),)
    return InvalidError(f"{path.name}, {where}: {REASONS[code]}.", code="bad_bar_file", fields=fields)
