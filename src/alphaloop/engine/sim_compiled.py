"""How the pass is compiled: without reference counts on arrays, and its steps folded into their callers.

The pass allocates nothing and only hands arrays on, which outlive it. A step takes two dozen of them (the ground);
counting references to each and handing them over cost more than what most steps do. Whoever runs a backtest for the
first time waits for all of it to be compiled, so nothing is compiled twice and no doors are made that nobody uses."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit
from numba.core import types

_Function = TypeVar("_Function", bound=Callable[..., Any])
_options: Any = {"_nrt": False, "no_cfunc_wrapper": True, "error_model": "numpy"}


def compiled(function: _Function) -> _Function:
    """Compile `function` when it is first called, and keep it on disk."""
    kernel: _Function = _once_for_all_constants(njit(**_options, cache=True)(function))
    return kernel


def inlined(function: _Function) -> _Function:
    """Compile `function` into each of its callers; Python cannot call it but as `py_func`."""
    kernel: _Function = _once_for_all_constants(
        njit(**_options | {"cache": True, "forceinline": True, "no_cpython_wrapper": True})(function)
    )
    return kernel


def compiled_anew(function: _Function) -> _Function:
    """Compile `function` once per process: for what takes functions, which a cache on disk could not tell apart."""
    kernel: _Function = njit(**_options)(function)
    return kernel


def _once_for_all_constants(kernel: Any) -> Any:
    """Left to itself numba compiles a function again for every constant it is called with."""
    template, unliteral = kernel.get_call_template, cast(Any, types.unliteral)

    def get_call_template(args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        return template(tuple(map(unliteral, args)), {name: unliteral(kind) for name, kind in kws.items()})

    kernel.get_call_template = get_call_template
    return kernel
