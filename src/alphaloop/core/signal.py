"""What a strategy wants, before sizing and risk have had their say."""

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Of plans, signals and positions. Orders have an `OrderSide` instead."""

    LONG = "LONG"
    SHORT = "SHORT"
    FLAT = "FLAT"


class Sizing(StrEnum):
    """How a target number is read: a share of equity, units of the instrument, or +-1 sized by the stop distance."""

    WEIGHT = "WEIGHT"
    UNITS = "UNITS"
    RISK = "RISK"


class SignalStatus(StrEnum):
    PENDING = "PENDING"
    VALIDATED = "VALIDATED"
    REJECTED = "REJECTED"
    EXECUTED = "EXECUTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Desired:
    """One row of a strategy's answer for one instrument; numbers are float64 because strategies compute in arrays.

    `target` None means no instruction and 0 means flat. `episode` is the row at which the intent began: an order is
    unique by (session, instrument, episode, leg, seq), so that asking twice never trades twice.
    """

    target: float | None
    sizing: Sizing
    episode: int
    stop: float | None = None
    take: float | None = None
    trail: float | None = None
    strength: float | None = None
    reason: str = ""
