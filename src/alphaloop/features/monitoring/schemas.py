"""Health on the wire."""

from enum import StrEnum

from alphaloop.infra.http.wire import TimeMs, Wire


class PartStatus(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class Part(Wire):
    """One part of the platform; `detail` is a stable word or number, not a sentence."""

    name: str
    status: PartStatus
    detail: str


class Health(Wire):
    status: PartStatus
    last_updated: TimeMs
    parts: list[Part]
