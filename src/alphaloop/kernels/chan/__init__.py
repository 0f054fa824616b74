"""Chan theory on flat arrays: merged bars, fractals, strokes, pivots and points, each with its life cycle."""

from alphaloop.kernels.chan.asof import ChanAsof, asof_features
from alphaloop.kernels.chan.config import PRESETS, ChanConfig, config_from, config_named
from alphaloop.kernels.chan.inputs import ChanInputError
from alphaloop.kernels.chan.layout import POINT_KINDS
from alphaloop.kernels.chan.state import ChanState
from alphaloop.kernels.chan.tables import ChanTables

__all__ = [
    "POINT_KINDS",
    "PRESETS",
    "ChanAsof",
    "ChanConfig",
    "ChanInputError",
    "ChanState",
    "ChanTables",
    "asof_features",
    "config_from",
    "config_named",
]
