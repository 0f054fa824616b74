"""How the pass is compiled: without reference counts on arrays, and its steps folded into their callers.

The pass allocates nothing and only hands arrays on, which outlive it. A step takes two dozen of them (the ground);
counting references to each and handing them over cost more than what most steps do."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., Any])
_options: Any = {"_nrt": False}


def compiled(function: _Function) -> _Function:
    """Compile `function` when it is first called, and keep it on disk."""
    kernel: _Function = njit(**_options, cache=True)(function)
    return kernel


def inlined(function: _Function) -> _Function:
    """Compile `function` into each of its callers."""
    kernel: _Function = njit(**_options, cache=True, forceinline=True)(function)
    return kernel


def compiled_anew(function: _Function) -> _Function:
    """Compile `function` once per process: for what takes functions, which a cache on disk could not tell apart."""
    kernel: _Function = njit(**_options)(function)
    return kernel
