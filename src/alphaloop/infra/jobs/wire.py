"""A job as every room shows it."""

from typing import Any

from alphaloop.infra.http.wire import Id, Wire
from alphaloop.infra.jobs.models import JobRow, JobStatus


class JobProgress(Wire):
    done: int
    total: int
    note: str


class JobOut(Wire):
    """Long work: how far it is and what came out."""

    id: Id
    kind: str
    status: JobStatus
    progress: JobProgress
    result: dict[str, Any] | None
    error: dict[str, Any] | None

    @classmethod
    def of(cls, row: JobRow) -> "JobOut":
        return cls(
            id=row.id,
            kind=row.kind,
            status=JobStatus(row.status),
            progress=JobProgress(done=row.progress_done, total=row.progress_total, note=row.progress_note),
            result=row.result,
            error=row.error,
        )
