"""How the Chan kernels are compiled: into the disk cache, and without reference counts on arrays.

The kernels allocate nothing and only pass arrays on, which outlive the call. Counting references to them at every inner
call took more than half of the running time."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy.typing as npt
from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])
_options: Any = {"cache": True, "_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile `function` when it is first called."""
    kernel: _Function = njit(**_options)(function)
    return kernel


def inlined(function: _Function) -> _Function:
    """Compile `function` into each of its callers: for what takes many arrays and is called at one place."""
    kernel: _Function = njit(**_options, inline="always")(function)
    return kernel


@compiled
def copy_row(into: npt.NDArray[Any], row: npt.NDArray[Any]) -> None:
    """Copy `row` over the beginning of `into` (a slice assignment would need counted references)."""
    for c in range(row.shape[0]):
        into[c] = row[c]
