"""How the Chan kernels are compiled: into the disk cache, and without reference counts on arrays.

The kernels allocate nothing and only pass arrays on, which outlive the call. Counting references to them at every inner
call took more than half of the running time."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy.typing as npt
from numba import njit
from numba.core import types


def _cache_by_source() -> None:
    """Give each state of the sources a disk cache of its own: numba watches only the file of the function it compiled,
    and would run it on with columns and callees that have changed since. A cache that is set from outside stays."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()[:12]
    settings: Any = numba.config
    if not settings.CACHE_DIR:
        folder = here / "__pycache__" / f"numba-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # a read-only install: numba's own folder for each user has to do
        settings.CACHE_DIR = str(folder)


_cache_by_source()

_Function = TypeVar("_Function", bound=Callable[..., Any])
_options: Any = {"cache": True, "_nrt": False, "no_cfunc_wrapper": True}


def compiled(function: _Function) -> _Function:
    """Compile `function` when it is first called."""
    kernel: _Function = _once_for_all_constants(njit(**_options)(function))
    return kernel


def inlined(function: _Function) -> _Function:
    """Compile `function` into each of its callers: for what takes many arrays and is called at few places, because
    handing the arrays over costs more than most of these functions do."""
    kernel: _Function = _once_for_all_constants(
        njit(**_options | {"forceinline": True, "no_cpython_wrapper": True})(function)
    )
    return kernel


def pasted(function: _Function) -> _Function:
    """Put the text of `function` into its only caller: for the outermost steps, which would be optimised once with all
    they call on their own and once more within their caller."""
    kernel: _Function = njit(**_options | {"inline": "always"})(function)
    return kernel


def _once_for_all_constants(kernel: Any) -> Any:
    """Left to itself numba compiles a function again for every constant it is called with, nine times for some."""
    template, unliteral = kernel.get_call_template, cast(Any, types.unliteral)

    def get_call_template(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return template(tuple(map(unliteral, args)), {name: unliteral(kind) for name, kind in kws.items()})

    kernel.get_call_template = get_call_template
    return kernel


@compiled
def copy_row(into: npt.NDArray[Any], row: npt.NDArray[Any]) -> None:
    """Copy `row` over the beginning of `into` (a slice assignment would need counted references)."""
    for c in range(row.shape[0]):
        into[c] = row[c]
