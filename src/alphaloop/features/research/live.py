"""The structure of a series that moves: one closed bar in, what changed out. For the worker; carries numpy along."""

from typing import TYPE_CHECKING, Any

import numpy as np

from alphaloop.features.research.rows import structure_delta
from alphaloop.features.research.service import DEFAULT_CONFIG
from alphaloop.kernels.chan import ChanState, config_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_COLUMNS = ("ts", "open", "high", "low", "close", "volume")


class LiveStructure:
    """Chan structures kept with the newest bar. `columns` are the bars so far: ts int64[N], the others float64[N]."""

    def __init__(self, columns: "Mapping[str, NDArray[Any]]", *, decimals: int, config: str = DEFAULT_CONFIG) -> None:
        self._state = ChanState(config_named(config))
        self._decimals = decimals
        self._times = [np.asarray(columns["ts"], dtype=np.int64)]
        if len(self._times[0]):
            self._state.extend(*(columns[name] for name in _COLUMNS))
        self._shown = self._state.tables()

    def step(self, ts_ms: int, prices: tuple[float, float, float, float, float]) -> dict[str, Any]:
        """Take open, high, low, close, volume of a closed bar; returns each layer's changed rows and the state."""
        self._state.step(ts_ms, *prices)
        self._times.append(np.array([ts_ms], dtype=np.int64))
        if len(self._times) > 256:
            self._times = [np.concatenate(self._times)]
        before, self._shown = self._shown, self._state.tables()
        return structure_delta(
            before, self._shown, np.concatenate(self._times), close=prices[3], decimals=self._decimals
        )
