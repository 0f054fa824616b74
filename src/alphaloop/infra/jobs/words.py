"""What a process that runs somebody's code and whoever started it say to each other: lines of JSON, because whatever
could be more than data would be that code's way out."""

import json
import re
from collections.abc import Callable
from typing import Any

from alphaloop.core.errors import AlphaLoopError, InvalidError, TimeUpError

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_NOT_STORED = re.compile("[\x00\ud800-\udfff]")
_COUNT_MAX = 2**31 - 1


def as_line(told: object) -> bytes:
    """One line; numpy's scalars become numbers."""
    return json.dumps(told, default=_scalar).encode() + b"\n"


def _scalar(value: Any) -> Any:
    return value.item()


def said_in(line: bytes) -> Any:
    """What a line says; InvalidError 'child_failed' when it says nothing that can be understood."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise unkept() from None


def unkept() -> InvalidError:
    return InvalidError("The process did not keep to its words.", code="child_failed")


def answer_of(work: Callable[[], Any], *, memory_mb: int) -> bytes:
    """In the child: the line {"done": what `work` returned} or {"refused": why not}. What is no JSON is a mistake
    too."""
    try:
        return as_line({"done": work()})
    except AlphaLoopError as error:
        refusal: AlphaLoopError = error
    except MemoryError:
        refusal = InvalidError(f"The run needs more than {memory_mb} MB.", code="child_memory")
    except TimeUpError as error:
        refusal = InvalidError(f"The run was {error} and was ended.", code="child_deadline")
    except Exception as error:
        told = (f"{type(error).__name__}: {error}".splitlines() or [""])[0][:200]
        refusal = InvalidError(f"The run failed: {told}", code="child_failed")
    return as_line({"refused": [refusal.message, refusal.code, [list(field) for field in refusal.fields]]})


def refused(value: Any) -> InvalidError:
    """The refusal that a child told, as far as it may be told on."""
    match value:
        case [str(message), str(code), list(fields)] if _CODE.fullmatch(code):
            pairs = [tuple(storable(one, 64) for one in pair) for pair in fields[:64] if _is_pair(pair)]
            return InvalidError(storable(message, 500), code=code, fields=tuple((one, why) for one, why in pairs))
    return unkept()


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def storable(text: str, most: int) -> str:
    """As much of a text as every database takes."""
    return _NOT_STORED.sub("?", text)[:most]


def progress_in(value: Any) -> tuple[int, int, str]:
    """Progress as a child told it; InvalidError 'child_failed' for anything else."""
    match value:
        case [int(done), int(total), str(note)] if 0 <= done <= _COUNT_MAX and 0 <= total <= _COUNT_MAX:
            return done, total, storable(note, 200)
    raise unkept()
