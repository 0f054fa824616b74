"""What a screen asks: conditions on an instrument's Chan structures, all of which must hold. Pure, and the same for the
API, a saved screen and the command line."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from alphaloop.core.bar import Timeframe
from alphaloop.core.corporate import parse_adjustment
from alphaloop.core.errors import AlphaLoopError, InvalidError
from alphaloop.features.research.configs import DEFAULT_CONFIG

KINDS = tuple(f"{side}{kind}" for side in "BS" for kind in ("1", "1p", "2", "2s", "3a", "3b"))
LEVELS = ("stroke", "segment")
STAGES = ("shown", "sure", "settled", "proven")
"""How far a point must have come: shown at all; its line's end is sure; its line can no longer change; the point itself
can no longer change."""

PLACES = ("above_pivot", "in_pivot", "below_pivot")
DIRECTIONS = ("up", "down")
MOST_CONDITIONS = 8
MOST_BARS = 1000


@dataclass(frozen=True, slots=True)
class Nested:
    """Points of a finer timeframe, on the same side, inside the last line of the point they confirm (区间套)."""

    timeframe: Timeframe
    point: tuple[str, ...] = ()
    stage: str = "shown"


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold on one timeframe after its newest closed bar; what is None or empty is not asked.

    point         one of these kinds stands on a line of `level` and reached `stage` at one of the newest
                  `within_bars` bars; `nested` must confirm it
    ratio_below   the force against the line before is less: that of the point, or without one of the newest segment's
                  last line
    price         where the close stands against the newest pivot of `level`
    direction     of the newest line of `level`"""

    timeframe: Timeframe
    level: str = "stroke"
    point: tuple[str, ...] = ()
    within_bars: int = 5
    stage: str = "shown"
    nested: Nested | None = None
    ratio_below: float | None = None
    price: str | None = None
    direction: str | None = None


@dataclass(frozen=True, slots=True)
class ScreenQuery:
    """Conditions joined by and. `adjust` is how prices are read across ex-dates, as for bars."""

    conditions: tuple[Condition, ...]
    config: str = DEFAULT_CONFIG
    adjust: str = "none"


def parse_query(given: object) -> ScreenQuery:
    """The query that plain JSON says: {"conditions": […], "config": …, "adjust": …}, or the list of conditions alone.

    InvalidError 'bad_screen' names every field that does not fit."""
    raw = {"conditions": given} if isinstance(given, list) else given
    wrong: list[tuple[str, str]] = []
    read = _Fields(raw, "", ScreenQuery, wrong)
    listed = read.take("conditions", lambda value: _listed(value, MOST_CONDITIONS), missing=True) or []
    conditions = [_condition(one, f"conditions[{number}]", wrong) for number, one in enumerate(listed)]
    config = read.take("config", _text)
    adjust = read.take("adjust", _adjustment)
    if wrong:
        raise InvalidError("The screen cannot be run as it is written.", code="bad_screen", fields=tuple(wrong[:20]))
    made = {"config": config, "adjust": adjust}
    return ScreenQuery(tuple(one for one in conditions if one), **{k: v for k, v in made.items() if v is not None})


def plain_query(query: ScreenQuery) -> dict[str, Any]:
    """The query as JSON, without what is not asked; `parse_query` reads it back."""
    conditions = [_without_empty(asdict(condition)) for condition in query.conditions]
    return {"conditions": conditions, "config": query.config, "adjust": query.adjust}


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            plain[name] = _without_empty(value)
        elif value is not None and value != ():
            plain[name] = list(value) if isinstance(value, tuple) else value
    return plain


def _condition(given: object, place: str, wrong: list[tuple[str, str]]) -> Condition | None:
    before = len(wrong)
    read = _Fields(given, place, Condition, wrong)
    found = {
        "timeframe": read.take("timeframe", _timeframe, missing=True),
        "level": read.take("level", lambda value: _choice(value, LEVELS)),
        "point": read.take("point", _kinds),
        "within_bars": read.take("within_bars", _count),
        "stage": read.take("stage", lambda value: _choice(value, STAGES)),
        "ratio_below": read.take("ratio_below", _number),
        "price": read.take("price", lambda value: _choice(value, PLACES)),
        "direction": read.take("direction", lambda value: _choice(value, DIRECTIONS)),
    }
    inner = read.take("nested", lambda value: value)
    if inner is not None:
        found["nested"] = _nested(inner, f"{place}.nested", wrong)
    if len(wrong) > before:
        return None
    made = Condition(**{name: value for name, value in found.items() if value is not None})
    if not (made.point or made.price or made.direction or made.ratio_below is not None):
        wrong.append((place, "nothing_asked"))
    if made.nested is not None and not made.point:
        wrong.append((f"{place}.nested", "point_needed"))
    if made.nested is not None and made.nested.timeframe.ms >= made.timeframe.ms:
        wrong.append((f"{place}.nested.timeframe", "not_finer"))
    return made


def _nested(given: object, place: str, wrong: list[tuple[str, str]]) -> Nested | None:
    before = len(wrong)
    read = _Fields(given, place, Nested, wrong)
    found = {
        "timeframe": read.take("timeframe", _timeframe, missing=True),
        "point": read.take("point", _kinds),
        "stage": read.take("stage", lambda value: _choice(value, STAGES[:3])),
    }
    return None if len(wrong) > before else Nested(**{k: v for k, v in found.items() if v is not None})


class _Fields:
    """Reads an object's fields one by one and notes what is wrong with each; null is as if not there."""

    def __init__(self, given: object, place: str, kind: type, wrong: list[tuple[str, str]]) -> None:
        self._given: Mapping[Any, Any] = given if isinstance(given, Mapping) else {}
        self._place = place
        self._faults = wrong
        if not isinstance(given, Mapping):
            wrong.append((place or "query", "wrong_type"))
        known = {field.name for field in fields(kind)}
        wrong.extend((self._at(str(name)[:40]), "unknown_field") for name in self._given if name not in known)

    def take(self, name: str, read: Callable[[Any], Any], *, missing: bool = False) -> Any:
        value = self._given.get(name)
        if value is None:
            if missing and self._given:
                self._faults.append((self._at(name), "missing"))
            return None
        try:
            return read(value)
        except AlphaLoopError as error:
            self._faults.append((self._at(name), error.code))
        except ValueError as error:
            self._faults.append((self._at(name), str(error)))
        return None

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name


def _listed(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError("wrong_type")
    if not value:
        raise ValueError("missing")
    if len(value) > most:
        raise ValueError("too_long")
    return list(value)


def _timeframe(value: Any) -> Timeframe:
    try:
        return Timeframe(value)
    except ValueError:
        raise ValueError("unknown_timeframe") from None


def _kinds(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_choice(kind, KINDS) for kind in _listed(value, len(KINDS))))


def _choice(value: Any, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError("unknown_value")
    return str(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_BARS:
        raise ValueError("not_a_count")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise ValueError("not_a_number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 40:
        raise ValueError("wrong_type")
    return value


def _adjustment(value: Any) -> str:
    return parse_adjustment(_text(value)).key
