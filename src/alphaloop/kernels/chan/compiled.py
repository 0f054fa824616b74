"""How the Chan kernels are compiled: into the disk cache, and without reference counts on arrays.

The kernels allocate nothing and only pass arrays on, which outlive the call. Counting references to them at every inner
call took more than half of the running time."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy.typing as npt
from numba import njit


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
_options: Any = {"cache": True, "_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile `function` when it is first called."""
    kernel: _Function = njit(**_options)(function)
    return kernel


def inlined(function: _Function) -> _Function:
    """Compile `function` into each of its callers: for what takes many arrays and is called at one place."""
    kernel: _Function = njit(**_options, forceinline=True)(function)
    return kernel


@compiled
def copy_row(into: npt.NDArray[Any], row: npt.NDArray[Any]) -> None:
    """Copy `row` over the beginning of `into` (a slice assignment would need counted references)."""
    for c in range(row.shape[0]):
        into[c] = row[c]
