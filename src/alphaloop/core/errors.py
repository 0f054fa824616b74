"""One error tree: each refusal has a stable code, a kind that decides the HTTP status, and whether retrying helps."""

from enum import StrEnum


class Kind(StrEnum):
    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_MANY = "too_many"
    HALTED = "halted"
    UNAVAILABLE = "unavailable"


class AlphaLoopError(Exception):
    """A refusal the caller can understand.

    `code` is stable and machine readable, `message` is one sentence for a person, `fields` names what was
    wrong as (field, code) pairs. The refused input itself is never part of it.
    """

    kind: Kind = Kind.INVALID
    code: str = "invalid"
    retryable: bool = False

    def __init__(self, message: str, *, code: str | None = None, fields: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.fields = fields


class InvalidError(AlphaLoopError):
    kind = Kind.INVALID
    code = "invalid"


class UnauthenticatedError(AlphaLoopError):
    kind = Kind.UNAUTHENTICATED
    code = "unauthenticated"


class ForbiddenError(AlphaLoopError):
    kind = Kind.FORBIDDEN
    code = "forbidden"


class NotFoundError(AlphaLoopError):
    kind = Kind.NOT_FOUND
    code = "not_found"


class ConflictError(AlphaLoopError):
    kind = Kind.CONFLICT
    code = "conflict"


class TooManyError(AlphaLoopError):
    kind = Kind.TOO_MANY
    code = "too_many_requests"
    retryable = True

    def __init__(self, message: str, *, retry_after_s: int = 1, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class HaltedError(AlphaLoopError):
    """Trading is stopped by a rule (kill switch, breaker); cancels and reduce-only orders still pass."""

    kind = Kind.HALTED
    code = "trading_halted"


class UnavailableError(AlphaLoopError):
    kind = Kind.UNAVAILABLE
    code = "unavailable"
    retryable = True


class TimeUpError(Exception):
    """Raised in the middle of somebody's code when its process has no time left, so that its line can be named."""
