"""What the audit trail shows; the names of both older designs stay readable beside ours."""

from typing import Any, Self

from pydantic import computed_field

from alphaloop.features.audit.models import AuditLog
from alphaloop.infra.http.wire import Id, TimeMs, Wire


class AuditLogOut(Wire):
    """One row. `resource`, `payload`, `action_type` and `created` repeat other fields under their older names."""

    id: Id
    at_ms: TimeMs
    user_id: Id | None
    account_id: Id | None
    actor_type: str
    action: str
    resource_type: str
    resource_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    details: dict[str, Any] | None
    result: str
    ip_address: str
    user_agent: str
    request_id: str
    hash: str | None
    sealed: bool

    @computed_field  # type: ignore[prop-decorator]
    @property
    def action_type(self) -> str:
        return self.action

    @computed_field  # type: ignore[prop-decorator]
    @property
    def resource(self) -> str:
        return f"{self.resource_type}:{self.resource_id}" if self.resource_id else self.resource_type

    @computed_field  # type: ignore[prop-decorator]
    @property
    def payload(self) -> dict[str, Any] | None:
        return self.details

    @classmethod
    def of(cls, row: AuditLog) -> Self:
        fields = set(cls.model_fields) - {"at_ms", "sealed"}
        return cls(
            at_ms=row.at,
            sealed=row.seal_no is not None,
            **{name: getattr(row, name) for name in fields},
        )
