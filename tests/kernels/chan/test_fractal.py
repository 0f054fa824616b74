from hypothesis import given, settings

from alphaloop.kernels.chan import ChanState, config_named
from tests.kernels.chan.series import Bars, any_bars, bars_through


def test_the_peak_is_the_last_raw_bar_that_carries_the_price() -> None:
    bars = bars_through((100, 1), (104, 4), (100, 4))
    twice = Bars(*(column[[0, 1, 2, 3, 4, 4, 5, 6, 7]] for column in bars))._replace(ts_ms=bars.part(0, 9).ts_ms)
    state = ChanState(config_named("CN-STRICT-1"))
    state.extend(*twice)
    (top,) = state.tables().fractals
    assert (top["kind"], top["idx"], top["start_idx"], top["end_idx"], top["known_at"]) == (1, 5, 4, 5, 6)


@settings(max_examples=60, deadline=None)
@given(bars=any_bars())
def test_a_fractal_stands_out_from_both_neighbours_and_stays(bars: Bars) -> None:
    state = ChanState(config_named("CN-STRICT-1"))
    known: list[tuple[object, ...]] = []
    for now, row in enumerate(bars.rows()):
        state.step(*row)
        fractals = [tuple(fractal.tolist()) for fractal in state.tables().fractals]
        assert fractals[: len(known)] == known
        assert all(fractal[-1] == now for fractal in fractals[len(known) :])
        known = fractals
    tables = state.tables()
    merged = {int(row["start_idx"]): i for i, row in enumerate(tables.merged)}
    for fractal in tables.fractals:
        i, sign = merged[int(fractal["start_idx"])], int(fractal["kind"])
        for neighbour in (tables.merged[i - 1], tables.merged[i + 1]):
            assert sign * fractal["high"] > sign * neighbour["high"]
            assert sign * fractal["low"] > sign * neighbour["low"]
