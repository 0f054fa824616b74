"""Pure decisions about data sources and series: are these settings acceptable, which file wins, do these bars fit."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from alphaloop.adapters.feeds.contract import BarTable, FeedDescription, SeriesListing
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar
from alphaloop.core.errors import ForbiddenError, InvalidError
from alphaloop.features.market.models import StoredMode
from alphaloop.infra.vault import Vault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KINDS: dict[str, tuple[type, ...]] = {"string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,)}
_DAY_MS = Timeframe.D1.ms
# What people look for first comes in first.
_ASSET_ORDER = ("crypto", "index", "equity_cn", "fx", "equity_us")


def check_config(schema: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """The settings themselves if the feed's schema allows them, else InvalidError naming each bad field."""
    fields = schema.get("properties", {})
    faults = [("?", "unknown_field") for name in config if name not in fields]
    for name, value in config.items():
        spec = fields.get(name)
        if spec is not None:
            fault = _fault(spec, value)
            if fault is not None:
                faults.append((name, fault))
    faults += [(name, "missing") for name in schema.get("required", ()) if name not in config]
    if faults:
        named = tuple((f"config.{name}", code) for name, code in faults[:20])
        raise InvalidError("Some settings of the source are not acceptable.", code="bad_source_config", fields=named)
    return config


def _fault(spec: dict[str, Any], value: Any) -> str | None:
    kinds = _KINDS[spec["type"]]
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return "wrong_type"
    if isinstance(value, str) and len(value) > spec.get("maxLength", 2000):
        return "too_long"
    if "enum" in spec and value not in spec["enum"]:
        return "unknown_value"
    return None


def check_operator(feed: FeedDescription, config: dict[str, Any], *, operator: bool) -> None:
    """ForbiddenError when somebody else than an administrator sets what only they may: a proxy may lead anywhere."""
    if not operator and any(config.get(name) for name in feed.operators):
        raise ForbiddenError("Only an administrator can set a proxy.", code="operator_setting")


def seal_config(feed: FeedDescription, config: dict[str, Any], vault: Vault, *, source_id: int) -> dict[str, Any]:
    """The settings with every secret sealed to its row and field."""
    return {
        name: vault.seal(str(value), place=_place(source_id, name)) if name in feed.secrets else value
        for name, value in config.items()
    }


def open_config(feed: FeedDescription, config: dict[str, Any], vault: Vault, *, source_id: int) -> dict[str, Any]:
    """The settings as the feed needs them."""
    return {
        name: vault.open(value, place=_place(source_id, name)) if name in feed.secrets else value
        for name, value in config.items()
    }


def shown_config(feed: FeedDescription, config: dict[str, Any]) -> dict[str, Any]:
    """The settings as a person may see them: a secret is only said to be there."""
    return {name: "••••" if name in feed.secrets else value for name, value in config.items()}


def _place(source_id: int, name: str) -> str:
    return f"data_sources:{source_id}:{name}"


def in_order(listings: Iterable[SeriesListing]) -> list[SeriesListing]:
    """Listings in the order to read them: common assets first, in each the symbols with most to show, and of two files
    that may be one series the larger first."""
    found = list(listings)
    rank = {asset: place for place, asset in enumerate(_ASSET_ORDER)}
    weight: dict[tuple[str, str], int] = {}
    for item in found:
        name = (item.asset, item.symbol)
        weight[name] = max(weight.get(name, 0), item.size)
    # Equal ones keep the order in which the feed lists them.
    return sorted(
        found, key=lambda item: (rank.get(item.asset, len(rank)), -weight[item.asset, item.symbol], -item.size)
    )


def held_mode(asset_class: str, *, stated: str = "", note: str = "") -> StoredMode:
    """What a series' prices are: as its source states, else as the note beside the file tells; nobody guesses.

    Only shares and funds have ex-dates, so everything else is as traded."""
    if asset_class not in ("EQUITY", "ETF"):
        return StoredMode.RAW
    if stated:
        return StoredMode(stated)
    text = note.lower()
    for word, mode in _NOTES:
        if word in text:
            return mode
    return StoredMode.UNKNOWN


_NOTES = (
    ("unadjusted", StoredMode.RAW),
    ("split-adjusted", StoredMode.SPLIT),
    ("forward-adjusted", StoredMode.FORWARD),
    ("back-adjusted", StoredMode.BACKWARD),
    ("backward-adjusted", StoredMode.BACKWARD),
    ("raw prices", StoredMode.RAW),
)


def fitted(table: BarTable, timeframe: Timeframe, calendar: Calendar) -> BarTable:
    """The table with times as the platform keeps them: days and longer at 00:00 UTC of their session date.

    InvalidError 'bad_bar_file' when the steps are finer than the timeframe, or two rows fall on one day.
    """
    import numpy as np

    if not timeframe.intraday:
        table = BarTable.of(
            {"ts": _dates(table.ts, calendar)} | {name: getattr(table, name) for name in _REST},
            price_decimals=table.price_decimals,
            volume_decimals=table.volume_decimals,
        )
    if len(table) > 2:
        steps = np.diff(table.ts)
        shortest = min(timeframe.ms, 28 * _DAY_MS) if timeframe is Timeframe.MO1 else timeframe.ms
        clash = np.flatnonzero(steps <= 0)
        if len(clash) or float(np.median(steps)) < shortest:
            where = f"row {int(clash[0]) + 2}" if len(clash) else "file"
            raise InvalidError(
                f"The times are closer together than {timeframe} bars are.",
                code="bad_bar_file",
                fields=((where, "wrong_timeframe"),),
            )
    return table


_REST = ("open", "high", "low", "close", "volume")


def _dates(ts: "NDArray[np.int64]", calendar: Calendar) -> "NDArray[np.int64]":
    """Midnight UTC of each row's session date; rows at midnight UTC already say their date."""
    import numpy as np
    import polars as pl

    if calendar.around_the_clock or bool((ts % _DAY_MS == 0).all()):
        return ts // _DAY_MS * _DAY_MS
    local = pl.Series(ts).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").dt.convert_time_zone(calendar.zone)
    days = local.dt.date().cast(pl.Datetime("ms")).cast(pl.Int64)
    return np.ascontiguousarray(days.to_numpy(), dtype=np.int64)
