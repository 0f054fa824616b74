"""What a process says that a strategy wants, before any of it is believed: that process ran anybody's code."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Sizing
from alphaloop.infra.http.wire import Count, Ratio, Wire
from alphaloop.infra.jobs.words import storable

_WEEK_MS = 7 * 86_400_000


def _told(value: Any) -> Any:
    """None for what cannot be told."""
    return None if isinstance(value, float) and value != value else value


Told = Annotated[Ratio | None, BeforeValidator(_told)]
Level = Annotated[Ratio, Field(gt=0)]
Text = Annotated[str, BeforeValidator(lambda value: storable(value, 128) if isinstance(value, str) else value)]


class Intent(Wire):
    """One line of a `scan`."""

    instrument: str
    target: Ratio
    sizing: Sizing
    episode: Annotated[Count, Field(ge=0)]
    age: Annotated[Count, Field(ge=0)]
    stop: Level | None
    take: Level | None
    trail: Ratio | None
    strength: Told
    reason: Text
    group: Count | None
    price: Ratio
    ts_ms: Annotated[Count, Field(ge=0)]
    close_ms: Annotated[Count, Field(ge=0)]
    volatility: Told
    factors: Annotated[dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")], Ratio], Field(max_length=32)]


def check_intents(told: Any, instruments: Sequence[str], *, as_of_ms: int) -> list[dict[str, Any]]:
    """The intents as plain values, of these instruments, each once, at bars that were there at `as_of_ms`.

    InvalidError 'bad_signals' names the first instrument whose wish cannot be kept."""
    if not isinstance(told, list) or len(told) > len(instruments):
        raise _unfit("What the strategy wants cannot be read.")
    found: dict[str, dict[str, Any]] = {}
    for one in told:
        try:
            intent = Intent.model_validate(one)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"][:1])
            named = one.get("instrument") if isinstance(one, dict) else None
            of = f" of {named}" if named in instruments else ""
            raise _unfit(f"What the strategy wants{of} cannot be kept: its {where or 'form'}.") from None
        late = intent.close_ms > as_of_ms + _WEEK_MS or not intent.episode <= intent.ts_ms <= intent.close_ms
        if intent.instrument not in instruments or intent.instrument in found or late:
            raise _unfit("The strategy wants something of bars that it was not given.")
        found[intent.instrument] = intent.model_dump()
    return list(found.values())


def _unfit(message: str) -> InvalidError:
    return InvalidError(message, code="bad_signals")
