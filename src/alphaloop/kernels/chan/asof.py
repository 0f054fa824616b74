"""As-of columns for strategies: at each row only what was known at that row, so a back-test cannot see a repaint."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alphaloop.kernels.chan.analyse import FEATURES
from alphaloop.kernels.chan.config import ChanConfig
from alphaloop.kernels.chan.inputs import ChanInputError
from alphaloop.kernels.chan.state import ChanState

Floats = npt.NDArray[np.float64]


def asof_features(
    ts_ms: npt.ArrayLike,
    open: npt.ArrayLike,
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    close: npt.ArrayLike,
    volume: npt.ArrayLike,
    config: ChanConfig,
    columns: Sequence[str] = FEATURES,
) -> dict[str, Floats]:
    """Name → float64[N], NaN where nothing is known yet. Rows of a prefix equal the prefix of the rows.

    stroke_direction             +1 up, -1 down: the newest stroke shown, provisional or not
    stroke_start_price           price where that stroke starts
    stroke_sure                  1 when its end is sure, else 0
    last_final_stroke_end_price  end of the newest stroke that can no longer change
    pivot_count                  pivots shown (0 when none)
    pivot_zg, pivot_zd           upper and lower edge of the newest pivot
    point_kind                   code of the point furthest right (`layout.POINT_KINDS`; sells negative)
    point_price                  its price
    point_age                    bars since it was first seen
    point_sure                   1 when its stroke is sure, else 0
    point_settled                1 when its stroke can no longer change, else 0
    divergence_ratio             force of the newest segment's last stroke / force of the stroke it is compared with,
                                 reported whether or not it makes a point

    and the same of the segments and what stands on them: segment_direction, segment_start_price, segment_sure,
    last_final_segment_end_price, segment_pivot_count, … segment_divergence_ratio. `columns` picks some of them.

    Raises ChanInputError as `ChanState.extend`, and for row 0 when there are no bars."""
    columns = tuple(dict.fromkeys(columns))
    made = ChanState(config).extend_with_features(ts_ms, open, high, low, close, volume, _places(columns))
    if made.shape[1] == 0:
        raise ChanInputError(0, "there are no bars")
    return dict(zip(columns, made, strict=True))


class ChanAsof:
    """The same columns bar by bar: `step` returns the row that the batch form gives for that bar."""

    def __init__(self, config: ChanConfig, columns: Sequence[str] = FEATURES) -> None:
        self.state = ChanState(config)
        self._columns = tuple(dict.fromkeys(columns))
        self._wanted = _places(self._columns)
        self._row: Floats = np.empty((len(self._columns), 1))

    def step(self, ts_ms: int, open: float, high: float, low: float, close: float, volume: float) -> dict[str, float]:
        """Take one closed bar and say what is known now. Raises ChanInputError and changes nothing on an unfit bar."""
        self.state.step_with_features(ts_ms, open, high, low, close, volume, self._wanted, self._row)
        return dict(zip(self._columns, self._row[:, 0].tolist(), strict=True))


def _places(columns: Sequence[str]) -> npt.NDArray[np.int64]:
    return np.array([FEATURES.index(name) for name in columns], np.int64)
