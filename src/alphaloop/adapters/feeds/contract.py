"""What every feed offers, so that the market room can list, test and read any of them without knowing which it is.

Feeds are blocking and hold no state between calls; whoever calls them does so off the event loop.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import AlphaLoopError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from alphaloop.adapters.feeds._action_files import ListedAction
    from alphaloop.adapters.feeds._funding_files import ListedFunding

PACKAGE = "alphaloop.adapters.feeds"


@dataclass(frozen=True, slots=True, eq=False)
class BarTable:
    """N bars of one series. `ts` is int64[N] epoch ms of the open, strictly increasing; the rest is float64[N].

    `price_decimals` and `volume_decimals` say how many decimals the source wrote, so that the exact text can be had
    back from the floats. `dropped` counts rows the feed left out because the source had no value there.
    """

    ts: "NDArray[np.int64]"
    open: "NDArray[np.float64]"
    high: "NDArray[np.float64]"
    low: "NDArray[np.float64]"
    close: "NDArray[np.float64]"
    volume: "NDArray[np.float64]"
    price_decimals: int
    volume_decimals: int
    dropped: int = 0

    @classmethod
    def of(cls, columns: "Mapping[str, NDArray[Any]]", *, price_decimals: int, volume_decimals: int) -> "BarTable":
        """A table of arrays by column name."""
        return cls(
            ts=columns["ts"],
            open=columns["open"],
            high=columns["high"],
            low=columns["low"],
            close=columns["close"],
            volume=columns["volume"],
            price_decimals=price_decimals,
            volume_decimals=volume_decimals,
        )

    def __len__(self) -> int:
        return len(self.ts)

    def cut(self, start: int, stop: int) -> "BarTable":
        """Rows `start` to `stop` as views of the same arrays."""
        rows = slice(start, stop)
        return BarTable(
            self.ts[rows],
            self.open[rows],
            self.high[rows],
            self.low[rows],
            self.close[rows],
            self.volume[rows],
            self.price_decimals,
            self.volume_decimals,
        )


@dataclass(frozen=True, slots=True)
class SeriesListing:
    """One series a feed can read. `symbol` is the source's own spelling; `ref` is what `read` takes.

    `asset` and `venue` are hints for naming the instrument, `fingerprint` changes when the series may have changed,
    `tick` is plain decimal text and `quote` a currency when the source states them. `adjustment` says what its prices
    are (RAW, SPLIT, FORWARD, BACKWARD), empty where the source does not say.
    """

    symbol: str
    timeframe: Timeframe
    ref: str
    asset: str = ""
    venue: str = ""
    fingerprint: str = ""
    size: int = 0
    tick: str = ""
    quote: str = ""
    note: str = ""
    adjustment: str = ""


@dataclass(frozen=True, slots=True)
class FeedDescription:
    """How a person meets a feed. `config_schema` is a JSON schema of its settings; keys marked `secret` are sealed, and
    those marked `operator` are for administrators alone."""

    type: str
    label: dict[str, str]
    summary: dict[str, str]
    config_schema: dict[str, Any]
    creatable: bool = True

    @property
    def secrets(self) -> frozenset[str]:
        fields = self.config_schema.get("properties", {})
        return frozenset(name for name, spec in fields.items() if spec.get("secret"))

    @property
    def operators(self) -> frozenset[str]:
        fields = self.config_schema.get("properties", {})
        return frozenset(name for name, spec in fields.items() if spec.get("operator"))


@dataclass(frozen=True, slots=True)
class TestResult:
    """Whether a source answers: `code` is stable, `message` one sentence, `latency_ms` how long it took."""

    __test__ = False  # not a pytest class

    ok: bool
    code: str
    message: str
    latency_ms: float
    series: int = 0


class StoredBars(Protocol):
    """The bars the platform keeps already, as far as a feed may see them."""

    def stored_series(self) -> list[SeriesListing]: ...
    def stored_table(self, symbol: str, timeframe: Timeframe) -> BarTable: ...


@dataclass(frozen=True, slots=True)
class Places:
    """What this installation lets feeds reach: folders whose files may be read, and the stored bars."""

    roots: tuple[Path, ...] = ()
    stored: StoredBars | None = field(default=None, compare=False)


class Feed(Protocol):
    """Every method raises an AlphaLoopError with a stable code when the source or the settings are no good."""

    def describe(self) -> FeedDescription: ...

    def test(self, config: dict[str, Any]) -> TestResult:
        """Never raises: an unreachable source is an answer."""
        ...

    def list_series(self, config: dict[str, Any]) -> list[SeriesListing]: ...

    def read(self, config: dict[str, Any], ref: str) -> BarTable: ...


@dataclass(frozen=True, slots=True)
class SideListing:
    """Mark prices of a perpetual (bars of `timeframe`) or, without one, its funding rates; `symbol` and `venue` name
    the perpetual."""

    symbol: str
    ref: str
    timeframe: Timeframe | None = None
    venue: str = ""


@runtime_checkable
class KnowsPerpetuals(Protocol):
    """A feed that also holds what perpetuals are settled by."""

    def list_sides(self, config: dict[str, Any]) -> list[SideListing]: ...

    def read_funding(self, config: dict[str, Any], ref: str) -> "list[ListedFunding]": ...


@runtime_checkable
class KnowsActions(Protocol):
    """A feed that also knows the corporate actions of what it lists."""

    def actions(self, config: dict[str, Any], ref: str) -> "list[ListedAction]":
        """Ex-dates of the series' share, by day; none where another series of the share answers for it."""
        ...


class FeedModule(Protocol):
    """What a feed's file must define."""

    def make_feed(self, places: Places) -> Feed: ...


def try_listing(feed: Feed, config: dict[str, Any], elapsed_ms: Any) -> TestResult:
    """A feed's test by listing its series; `elapsed_ms()` gives the time since the test began."""
    try:
        found = feed.list_series(config)
    except AlphaLoopError as error:
        return TestResult(False, error.code, error.message, elapsed_ms())
    if not found:
        return TestResult(False, "no_series", "The source answers, but holds no bars.", elapsed_ms())
    return TestResult(True, "ok", f"The source answers and holds {len(found)} series.", elapsed_ms(), len(found))
