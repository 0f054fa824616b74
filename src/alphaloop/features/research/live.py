"""The structure of a series that moves: one closed bar in, what changed out. For the worker; carries numpy along."""

from typing import TYPE_CHECKING, Any

import numpy as np

from alphaloop.features.research.configs import DEFAULT_CONFIG
from alphaloop.features.research.rows import LOOK_BACK, counts, structure_delta, tail_of
from alphaloop.kernels.chan import ChanState, config_named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from alphaloop.kernels.chan.tables import Settled

_COLUMNS = ("ts", "open", "high", "low", "close", "volume")


class LiveStructure:
    """Chan structures kept with the newest bar. `columns` are the bars so far: ts int64[N], the others float64[N].

    A bar costs the same however long the series is: only rows that could change are read and compared."""

    def __init__(self, columns: "Mapping[str, NDArray[Any]]", *, decimals: int, config: str = DEFAULT_CONFIG) -> None:
        self._state = ChanState(config_named(config))
        self._decimals = decimals
        self._times = np.array(columns["ts"], dtype=np.int64)
        if len(self._times):
            self._state.extend(*(columns[name] for name in _COLUMNS))
        self._after = _changing(self._state)
        self._shown = tail_of(self._state.tables(after=self._after), self._after)

    def step(self, ts_ms: int, prices: tuple[float, float, float, float, float]) -> dict[str, Any]:
        """Take open, high, low, close, volume of a closed bar; returns each layer's changed rows and the state."""
        self._state.step(ts_ms, *prices)
        bars = self._state.bars
        if bars > len(self._times):
            self._times = np.resize(self._times, 2 * bars)
        self._times[bars - 1] = ts_ms
        now = tail_of(self._state.tables(after=self._after), self._after)
        delta = structure_delta(self._shown, now, self._times[:bars], close=prices[3], decimals=self._decimals)
        self._after = _changing(self._state)
        self._shown = now.cut(counts(self._after))
        return delta


def _changing(state: ChanState) -> "Settled":
    """Where the rows begin that may still change, or that the sentence looks back on."""
    settled = state.settled()
    return settled._replace(
        bars=state.bars,  # no row is made of the averages
        strokes=max(0, settled.strokes - 1),
        pivots=tuple(max(0, rows - LOOK_BACK) for rows in settled.pivots),
        points=tuple(max(0, rows - LOOK_BACK) for rows in settled.points),
    )
