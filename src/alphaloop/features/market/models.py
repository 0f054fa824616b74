"""Instruments, their ex-dates and funding, where their bars come from, which series are stored, and replays."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Boolean, Date, Double, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import Calendar, find_calendar
from alphaloop.core.clock import from_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.infra.columns import Amount, Key, Model


class SourceStatus(StrEnum):
    ON = "ON"
    OFF = "OFF"
    FAILED = "FAILED"


class StoredMode(StrEnum):
    """What the prices of a stored series are: as traded, put across splits alone, fully adjusted forward or backward by
    whoever made the file, or nobody has said."""

    RAW = "RAW"
    SPLIT = "SPLIT"
    FORWARD = "FORWARD"
    BACKWARD = "BACKWARD"
    UNKNOWN = "UNKNOWN"


class InstrumentRow(Model):
    """An instrument as the platform knows it. `search` is what a person may type, in lower case.

    `market` and `board` name the rules it trades under; empty, they follow from class, venue and code. `listed` is its
    first session, where somebody has said it.
    """

    __tablename__ = "instruments"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    symbol: Mapped[str] = mapped_column(String(64), unique=True)
    alias: Mapped[str] = mapped_column(String(64), index=True)
    names: Mapped[dict[str, Any]]
    search: Mapped[str] = mapped_column(String(255))
    asset_class: Mapped[str] = mapped_column(String(16))
    base: Mapped[str] = mapped_column(String(32))
    quote: Mapped[str] = mapped_column(String(32))
    tick: Mapped[Decimal] = mapped_column(Amount)
    lot: Mapped[Decimal] = mapped_column(Amount)
    min_notional: Mapped[Decimal] = mapped_column(Amount)
    calendar: Mapped[str] = mapped_column(String(16))
    can_short: Mapped[bool] = mapped_column(Boolean)
    market: Mapped[str] = mapped_column(String(24), default="")
    board: Mapped[str] = mapped_column(String(24), default="")
    listed: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime]

    @property
    def venue(self) -> str:
        return self.symbol.rpartition("@")[2]

    @property
    def spec_calendar(self) -> Calendar:
        return find_calendar(self.calendar)

    def spec(self) -> Instrument:
        """The instrument as the trading floors know it."""
        return Instrument(
            symbol=self.symbol,
            asset_class=AssetClass(self.asset_class),
            base=self.base,
            quote=self.quote,
            tick=self.tick,
            lot=self.lot,
            min_notional=self.min_notional,
            calendar=self.calendar,
            can_short=self.can_short,
            market=self.market,
            board=self.board,
            listed=self.listed,
        )


class InstrumentAlias(Model):
    """How one source or venue spells an instrument."""

    __tablename__ = "instrument_aliases"
    __table_args__ = (UniqueConstraint("source", "alias"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(String(32))
    alias: Mapped[str] = mapped_column(String(64), index=True)
    instrument_id: Mapped[int] = mapped_column(Key, ForeignKey("instruments.id"), index=True)


class DataSource(Model):
    """A place bars come from. `config` holds its settings; values of secret settings are sealed texts."""

    __tablename__ = "data_sources"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(32))
    config_json: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(16))
    last_error: Mapped[dict[str, Any] | None]
    last_sync_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class BarSeries(Model):
    """What the bar store holds of one instrument and timeframe, and which source brought it.

    `length_ms` is the timeframe in numbers: it is unique and sorts, while '1m' and '1M' are one text to some databases.
    """

    __tablename__ = "bar_series"
    __table_args__ = (UniqueConstraint("instrument_id", "length_ms"), Index("ix_bar_series_source_id", "source_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    instrument_id: Mapped[int] = mapped_column(Key, ForeignKey("instruments.id"))
    timeframe: Mapped[str] = mapped_column(String(8))
    length_ms: Mapped[int] = mapped_column(Key)
    source_id: Mapped[int | None] = mapped_column(Key, ForeignKey("data_sources.id", ondelete="SET NULL"))
    ref: Mapped[str] = mapped_column(String(500))
    fingerprint: Mapped[str] = mapped_column(String(128))
    bars: Mapped[int] = mapped_column(Key)
    first_ts: Mapped[int] = mapped_column(Key)
    last_ts: Mapped[int] = mapped_column(Key)
    price_decimals: Mapped[int]
    adjustment: Mapped[str] = mapped_column(String(16), default=StoredMode.UNKNOWN)
    updated_at: Mapped[datetime]

    @property
    def frame(self) -> Timeframe:
        return Timeframe(self.timeframe)

    @property
    def held_as(self) -> StoredMode:
        return StoredMode(self.adjustment)


class CorporateActionRow(Model):
    """One ex-date of an instrument, per share held before it. `ex_ts` is the session date at 00:00 UTC in epoch ms;
    `ratio` the source's own reference price over the close before, where it states one; `announced_at` when the
    ex-date was told to those who hold the instrument (also for dates that had passed when they were brought in)."""

    __tablename__ = "corporate_actions"
    __table_args__ = (UniqueConstraint("instrument_id", "ex_ts"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    instrument_id: Mapped[int] = mapped_column(Key, ForeignKey("instruments.id"))
    ex_ts: Mapped[int] = mapped_column(Key, index=True)
    cash: Mapped[Decimal] = mapped_column(Amount)
    bonus: Mapped[Decimal] = mapped_column(Amount)
    rights: Mapped[Decimal] = mapped_column(Amount)
    rights_price: Mapped[Decimal] = mapped_column(Amount)
    ratio: Mapped[Decimal | None] = mapped_column(Amount)
    source: Mapped[str] = mapped_column(String(32))
    announced_at: Mapped[datetime | None]

    @property
    def terms(self) -> CorporateAction:
        """The same as the trading floors know it."""
        return CorporateAction(from_ms(self.ex_ts).date(), self.cash, self.bonus, self.rights, self.rights_price)


class FundingRow(Model):
    """One funding settlement of a perpetual at `ts_ms`: longs pay rate x mark. `mark` where the source states it."""

    __tablename__ = "funding_rates"
    __table_args__ = (UniqueConstraint("instrument_id", "ts_ms"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    instrument_id: Mapped[int] = mapped_column(Key, ForeignKey("instruments.id"))
    ts_ms: Mapped[int] = mapped_column(Key)
    rate: Mapped[Decimal] = mapped_column(Amount)
    mark: Mapped[Decimal | None] = mapped_column(Amount)
    source: Mapped[str] = mapped_column(String(32))


class Replay(Model):
    """A person's walk through stored bars. Times are the bars' open times, epoch ms.

    The bar at `start_ts` is the last one visible at the beginning, the bar at `cursor_ts` the last one visible now;
    `bars_done` of `bars_total` bars after the start were shown. `version` grows with every change.
    """

    __tablename__ = "replays"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(Key, index=True)
    instrument: Mapped[str] = mapped_column(String(64))
    timeframe: Mapped[str] = mapped_column(String(8))
    first_ts: Mapped[int] = mapped_column(Key)
    start_ts: Mapped[int] = mapped_column(Key)
    cursor_ts: Mapped[int] = mapped_column(Key)
    last_ts: Mapped[int] = mapped_column(Key)
    bars_done: Mapped[int] = mapped_column(Key)
    bars_total: Mapped[int] = mapped_column(Key)
    speed: Mapped[float] = mapped_column(Double)
    status: Mapped[str] = mapped_column(String(16), index=True)
    version: Mapped[int]
    created_at: Mapped[datetime]

    @property
    def frame(self) -> Timeframe:
        return Timeframe(self.timeframe)
