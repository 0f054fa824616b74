"""Requests and responses of the market room."""

import re
from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal

import orjson
from fastapi import UploadFile
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from alphaloop.core.bar import Timeframe
from alphaloop.core.clock import to_ms
from alphaloop.features.market.models import (
    BarSeries,
    CorporateActionRow,
    DataSource,
    FundingRow,
    InstrumentRow,
    SourceStatus,
    StoredMode,
)
from alphaloop.features.market.service.comparing import MAX_COMPARED
from alphaloop.features.market.service.imports import FileHabits
from alphaloop.infra.http.wire import Count, Flag, Id, Money, Ratio, Symbol, TimeMs, Wire

_WHOLE = re.compile(r"-?[0-9]{1,16}", re.ASCII)


def _one_line(text: str) -> str:
    if any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in text):
        raise PydanticCustomError("text_not_allowed", "must be one line of plain text")
    return text


def _whole(value: Any) -> int:
    """A whole number as it stands in an address: plain ASCII digits, no `1_000` and no digits of other scripts."""
    if isinstance(value, int) and not isinstance(value, bool):  # our own defaults
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise PydanticCustomError("not_a_whole_number", "must be a whole number")


def _plain_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings are flat: short names with texts, whole numbers or yes/no."""
    if len(settings) > 50 or any(len(name) > 64 for name in settings):
        raise PydanticCustomError("too_long", "has too many or too long names")
    for value in settings.values():
        if not isinstance(value, str | int | bool) or len(str(value)) > 2000:
            raise PydanticCustomError("wrong_type", "holds a value that is no short text, number or yes/no")
        if isinstance(value, int) and abs(value) >= 2**53:
            raise PydanticCustomError("number_too_large", "holds a number that is too large")
        if isinstance(value, str):
            _one_line(value)
    return settings


def _column_choice(text: Any) -> dict[str, str]:
    """A small JSON object of names, as a form carries it."""
    try:
        chosen = orjson.loads(text) if isinstance(text, str) and len(text) <= 2000 else None
    except orjson.JSONDecodeError:
        chosen = None
    if not isinstance(chosen, dict) or not all(isinstance(name, str) for name in chosen.values()):
        raise PydanticCustomError("bad_format", "must be a JSON object of column names")
    return chosen


ColumnChoice = Annotated[dict[str, str], BeforeValidator(_column_choice), WithJsonSchema({"type": "string"})]
RulesKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{0,24}$")]
StatedMode = Literal["", "RAW", "SPLIT", "FORWARD", "BACKWARD"]
AdjustKey = Annotated[str, StringConstraints(max_length=32), AfterValidator(_one_line)]
Whole = Annotated[int, BeforeValidator(_whole), WithJsonSchema({"type": "integer"})]
Moment = Annotated[Whole, Field(ge=-62_135_596_800_000, le=253_402_300_799_999)]
"""A time in an address, epoch ms."""

SourceName = Annotated[
    str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True), AfterValidator(_one_line)
]
SourceType = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Z][A-Z0-9_]{0,31}$")]
SourceConfig = Annotated[dict[str, Any], AfterValidator(_plain_settings)]
SearchText = Annotated[str, StringConstraints(max_length=64), AfterValidator(_one_line)]
TimeframeName = Annotated[Timeframe, Field(description="1m 5m 15m 30m 1h 4h 1d 1w 1M")]


class Bilingual(Wire):
    zh: str
    en: str


class SeriesOut(Wire):
    """One stored series; times are open times in epoch ms."""

    timeframe: str
    bars: Count
    first_ts: Count
    last_ts: Count
    source_id: Id | None
    source_name: str | None
    adjustment: StoredMode

    @classmethod
    def of(cls, row: BarSeries, source_name: str | None) -> "SeriesOut":
        return cls(
            timeframe=row.timeframe,
            bars=row.bars,
            first_ts=row.first_ts,
            last_ts=row.last_ts,
            source_id=row.source_id,
            source_name=source_name,
            adjustment=row.held_as,
        )


class InstrumentOut(Wire):
    """An instrument and the series stored of it."""

    symbol: str
    alias: str
    name: Bilingual
    asset_class: str
    venue: str
    tick: Money
    lot: Money
    min_notional: Money
    quote: str
    calendar: str
    can_short: bool
    market: str
    board: str
    series: list[SeriesOut]

    @classmethod
    def of(cls, row: InstrumentRow, series: list[tuple[BarSeries, str | None]]) -> "InstrumentOut":
        return cls(
            symbol=row.symbol,
            alias=row.alias,
            name=Bilingual(**row.names),
            asset_class=row.asset_class,
            venue=row.venue,
            tick=row.tick,
            lot=row.lot,
            min_notional=row.min_notional,
            quote=row.quote,
            calendar=row.calendar,
            can_short=row.can_short,
            market=row.market,
            board=row.board,
            series=[SeriesOut.of(item, name) for item, name in series],
        )


BarRow = Annotated[list[int | str], Field(min_length=6, max_length=6)]
"""[ts, open, high, low, close, volume]: epoch ms and plain decimal texts."""


class BarsOut(Wire):
    """Bars in ascending order. `as_of_ms` is the replay's now, or the newest bar's close. `mode` names how the prices
    are adjusted; `labels` are the times to show for the bars where they are to be named by their close."""

    instrument: str
    timeframe: str
    mode: str
    bars: list[BarRow]
    labels: list[int] | None
    has_more: bool
    as_of_ms: int | None


class GapOut(Wire):
    from_ts: int
    to_ts: int
    missing: int


class IssueOut(Wire):
    code: str
    ts: int
    detail: str


class HealthOut(Wire):
    """`gaps` lists at most the 200 longest of `gap_count`; `repaired` counts rows the source left empty."""

    bars: int
    first_ts: int
    last_ts: int
    gaps: list[GapOut]
    gap_count: int
    duplicates: int
    conflicts: int
    repaired: int
    issues: list[IssueOut]


class ColumnsForm(Wire):
    """A bar file whose columns are to be shown."""

    file: UploadFile


class ColumnsOut(Wire):
    """A file's column names in order, which of ours each seems to be, and its first rows."""

    names: list[str]
    guess: dict[str, str]
    sample: list[list[str]]


class ImportForm(Wire):
    """A bar file with the instrument and timeframe it holds. `columns` says which of its columns are ours as a JSON
    object, where the names do not tell; `clock` and `label` how its times are to be read; `adjustment` what its
    prices are."""

    file: UploadFile
    instrument: Symbol
    timeframe: TimeframeName
    columns: Annotated[ColumnChoice | None, Field(description='Such as {"ts": "时间", "open": "开"}.')] = None
    clock: Annotated[Literal["utc", "market"], Field(description="Whose clock the times are on.")] = "utc"
    label: Annotated[Literal["open", "close"], Field(description="Which end of a bar its time names.")] = "open"
    price: Annotated[
        Literal["last", "mark"], Field(description="mark: a perpetual's mark prices, kept beside its bars.")
    ] = "last"
    adjustment: StatedMode = ""

    def habits(self) -> FileHabits:
        return FileHabits(self.columns, self.clock == "market", self.label == "close", self.adjustment)


class CompareIn(Wire):
    """Instruments to put side by side over their newest `limit` bars; `adjust` as for bars."""

    instruments: Annotated[list[Symbol], Field(max_length=MAX_COMPARED)]
    timeframe: TimeframeName
    limit: Annotated[Count, Field(ge=2, le=2000)] = 250
    adjust: AdjustKey = "none"
    replay_id: Id | None = None


class ComparedOut(Wire):
    """What one unit put in at an instrument's first bar became; null where it had no bar."""

    instrument: str
    index: list[Ratio | None]


class CompareOut(Wire):
    """`mode` is how every price was read; `ts` are the opening times of all bars (epoch ms), ascending."""

    mode: str
    ts: list[int]
    rows: list[ComparedOut]


class ActionsForm(Wire):
    """A file of corporate actions; `instrument` where the file has no column for it."""

    file: UploadFile
    instrument: Annotated[str, StringConstraints(max_length=64), AfterValidator(_one_line)] = ""


class FundingForm(Wire):
    """A file of one perpetual's funding rates; `columns` says which are ours where the names do not tell."""

    file: UploadFile
    instrument: Symbol
    columns: Annotated[ColumnChoice | None, Field(description='Such as {"ts": "时间", "rate": "费率"}.')] = None


class FundingBroughtOut(Wire):
    """Settlements new, changed and already there."""

    added: Count
    changed: Count
    unchanged: Count


class FundingOut(Wire):
    """One settlement: longs pay rate x mark, or receive it where the rate is below zero."""

    ts: int
    rate: Money
    mark: Money | None
    source: str

    @classmethod
    def of(cls, row: FundingRow) -> "FundingOut":
        return cls(ts=row.ts_ms, rate=row.rate, mark=row.mark, source=row.source)


class ActionsBroughtOut(Wire):
    """Rows new, changed and already there, and symbols that are no instrument here (at most 20)."""

    added: Count
    changed: Count
    unchanged: Count
    unknown: list[str]


class ActionOut(Wire):
    """One ex-date; amounts are per share held at the close before it."""

    ex_date: str
    cash: Money
    bonus: Money
    rights: Money
    rights_price: Money
    ratio: Money | None
    source: str

    @classmethod
    def of(cls, row: CorporateActionRow) -> "ActionOut":
        return cls(
            ex_date=row.terms.ex_date.isoformat(),
            cash=row.cash,
            bonus=row.bonus,
            rights=row.rights,
            rights_price=row.rights_price,
            ratio=row.ratio,
            source=row.source,
        )


class ModeIn(Wire):
    """What the prices of a stored series are."""

    instrument: Symbol
    timeframe: TimeframeName
    adjustment: StoredMode


class InstrumentRulesIn(Wire):
    """Which rules an instrument trades under; empty texts leave it to its class, venue and code. `listed` is its first
    session, the date at 00:00 UTC."""

    instrument: Symbol
    market: RulesKey = ""
    board: RulesKey = ""
    listed: TimeMs | None = None


class InstrumentRulesOut(Wire):
    instrument: str
    market: str
    board: str
    listed: int | None
    tick: Money
    lot: Money

    @classmethod
    def of(cls, row: InstrumentRow) -> "InstrumentRulesOut":
        return cls(
            instrument=row.symbol,
            market=row.market,
            board=row.board,
            listed=to_ms(datetime.combine(row.listed, time(), UTC)) if row.listed else None,
            tick=row.tick,
            lot=row.lot,
        )


class ImportOut(Wire):
    """`rows` in the file, of which `added` were new; `conflicts` differ from what is stored, which stays."""

    instrument: str
    timeframe: str
    rows: int
    added: int
    duplicates: int
    conflicts: int
    first_ts: int
    last_ts: int


class SourceIn(Wire):
    name: SourceName
    type: SourceType
    config: SourceConfig = Field(default_factory=dict)


class SourceChange(Wire):
    name: SourceName | None = None
    config: SourceConfig | None = None


class SourceSwitch(Wire):
    on: Flag


class SourceFault(Wire):
    """The last thing that went wrong; `at` is epoch ms."""

    code: str
    message: str
    at: int


class SourceOut(Wire):
    id: Id
    name: str
    type: str
    config: dict[str, Any]
    status: SourceStatus
    last_error: SourceFault | None
    series_count: int
    last_sync_at: TimeMs | None
    created_at: TimeMs

    @classmethod
    def of(cls, row: DataSource, series: int, shown: dict[str, Any]) -> "SourceOut":
        return cls(
            id=row.id,
            name=row.name,
            type=row.type,
            config=shown,
            status=SourceStatus(row.status),
            last_error=None if row.last_error is None else SourceFault(**row.last_error),
            series_count=series,
            last_sync_at=row.last_sync_at,
            created_at=row.created_at,
        )


class SourceTypeOut(Wire):
    """A kind of source; `config_schema` is the JSON schema its form is drawn from."""

    type: str
    label: Bilingual
    summary: Bilingual
    config_schema: dict[str, Any]


class SourceTestOut(Wire):
    ok: bool
    code: str
    message: str
    latency_ms: Ratio
    series: int
