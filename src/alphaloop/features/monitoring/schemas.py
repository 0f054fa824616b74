"""Health and jobs on the wire."""

from enum import StrEnum
from typing import Any

from alphaloop.infra.http.wire import Id, TimeMs, Wire
from alphaloop.infra.jobs.models import JobStatus


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


class Progress(Wire):
    done: int
    total: int
    note: str


class JobView(Wire):
    id: Id
    kind: str
    status: JobStatus
    progress: Progress
    result: dict[str, Any] | None
    error: dict[str, Any] | None
