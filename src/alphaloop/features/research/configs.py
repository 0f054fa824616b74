"""Chan configurations by name, without loading the kernel before one is asked for."""

from typing import TYPE_CHECKING

from alphaloop.core.errors import InvalidError

if TYPE_CHECKING:
    from alphaloop.kernels.chan import ChanConfig

DEFAULT_CONFIG = "CN-STRICT-1"


def named_config(name: str) -> "ChanConfig":
    """The configuration of that name, or InvalidError 'unknown_config'."""
    from alphaloop.kernels.chan import PRESETS

    if name not in PRESETS:
        raise InvalidError(
            f"There is no such Chan configuration. Known: {', '.join(sorted(PRESETS))}.",
            code="unknown_config",
            fields=(("config", "unknown_config"),),
        )
    return PRESETS[name]
