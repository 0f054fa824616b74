"""Inputs besides prices that the platform keeps: one file a name, and those an operator's data folder has anyway."""

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from alphaloop.adapters.feeds import is_extra_name, read_extra_file
from alphaloop.core.errors import InvalidError
from alphaloop.infra.settings import Settings

if TYPE_CHECKING:
    from alphaloop.engine.extras import Extra


class _Known(NamedTuple):
    """A table of the data folder: path, column, and what its values are multiplied by."""

    path: str
    column: str
    scale: float = 1.0


_FACTORS = "factors/ff3_developed_daily.parquet"
BUILT_IN = {
    "vix": _Known("macro/VIX_daily_ohlc.parquet", "close"),
    "rate": _Known("macro/fred/FEDFUNDS.parquet", "value", 0.01),
    "mkt_rf": _Known(_FACTORS, "mkt_rf"),
    "smb": _Known(_FACTORS, "smb"),
    "hml": _Known(_FACTORS, "hml"),
    "rf": _Known(_FACTORS, "rf"),
    "return_on_assets": _Known("fundamentals/key_statistics.parquet", "return_on_assets"),
}


class ExtraPlaces(NamedTuple):
    """Where inputs are: what was imported, and the operator's data folder (None: there is none)."""

    imported: Path
    data: Path | None


class StoredExtra(NamedTuple):
    """What is known of an input: values, of how many instruments (0: nobody's own), first and last time, and whether it
    was imported or lies in the data folder."""

    name: str
    rows: int
    instruments: int
    first_ts: int
    last_ts: int
    imported: bool


def extra_places(settings: Settings) -> ExtraPlaces:
    return ExtraPlaces(settings.bars_dir.parent / "extras", settings.data_dir)


def check_name(name: str) -> str:
    """The name, or InvalidError."""
    if not is_extra_name(name):
        raise InvalidError(
            "An input's name has small letters, digits and _, and begins with a letter.",
            code="bad_extra",
            fields=(("name", "bad_name"),),
        )
    return name


def find_extra(places: ExtraPlaces, name: str) -> "Extra | None":
    """The input of that name: what was imported, else the data folder's own, else None."""
    path = places.imported / f"{check_name(name)}.parquet"
    if path.is_file():
        return read_extra_file(path, name, column="value")
    known = _in_data_folder(places, name)
    return None if known is None else read_extra_file(known, name, column=_of(name).column, scale=_of(name).scale)


def find_extras(places: ExtraPlaces, names: Iterable[str], *, called: Mapping[str, str]) -> "dict[str, Extra]":
    """Those of `names` that are there; `called` says under which other name one is kept."""
    found = {name: find_extra(places, called.get(name, name)) for name in names}
    return {name: extra for name, extra in found.items() if extra is not None}


def keep_extra(places: ExtraPlaces, name: str, extra: "Extra") -> StoredExtra:
    """Put an input in the place of what was imported under its name before."""
    import polars as pl

    columns = {"ts": pl.Series(extra.ts_ms).cast(pl.Datetime("ms", "UTC")), "value": pl.Series(extra.values)}
    if extra.known_ms is not None:
        columns["known_at"] = pl.Series(extra.known_ms).cast(pl.Datetime("ms", "UTC"))
    if extra.symbols is not None:
        columns["symbol"] = pl.Series(list(extra.symbols), dtype=pl.String)
    places.imported.mkdir(parents=True, exist_ok=True)
    handle, written = tempfile.mkstemp(dir=places.imported, suffix=".part")
    os.close(handle)
    try:
        pl.DataFrame(columns).write_parquet(written, compression="zstd")
        Path(written).replace(places.imported / f"{check_name(name)}.parquet")
    finally:
        Path(written).unlink(missing_ok=True)
    return _told(name, extra, imported=True)


def list_extras(places: ExtraPlaces) -> list[StoredExtra]:
    """Every input that a strategy would find, by name."""
    imported = {path.stem for path in places.imported.glob("*.parquet")}
    told = []
    for name in sorted(imported | {name for name in BUILT_IN if _in_data_folder(places, name)}):
        extra = find_extra(places, name)
        if extra is not None:
            told.append(_told(name, extra, imported=name in imported))
    return told


def forget_extra(places: ExtraPlaces, name: str) -> bool:
    """Drop what was imported under a name; False when there was nothing."""
    path = places.imported / f"{check_name(name)}.parquet"
    there = path.is_file()
    path.unlink(missing_ok=True)
    return there


def _of(name: str) -> _Known:
    return BUILT_IN[name]


def _in_data_folder(places: ExtraPlaces, name: str) -> Path | None:
    if places.data is None or name not in BUILT_IN:
        return None
    tried = (root / _of(name).path for root in (places.data, places.data / "data"))
    return next((path for path in tried if path.is_file()), None)


def _told(name: str, extra: "Extra", *, imported: bool) -> StoredExtra:
    owners = 0 if extra.symbols is None else len(set(extra.symbols))
    return StoredExtra(name, len(extra.values), owners, int(extra.ts_ms[0]), int(extra.ts_ms[-1]), imported)
