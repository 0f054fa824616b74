"""The moving structure: bar after bar, what it says changed is what changed."""

from pathlib import Path

import pytest

from alphaloop.adapters.feeds import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.features.market.store import arrays_of
from alphaloop.features.research.live import LiveStructure
from alphaloop.features.research.rows import LAYERS, structure_delta, structure_rows, tail_of
from alphaloop.kernels.chan import PRESETS, ChanState, ChanTables
from tests.features.market.walks import walk


def tables_of(table: BarTable) -> ChanTables:
    state = ChanState(PRESETS["CN-STRICT-1"])
    state.extend(table.ts, table.open, table.high, table.low, table.close, table.volume)
    return state.tables()


def follow(table: BarTable, begin: int, *, decimals: int, check_every: int) -> None:
    live = LiveStructure(arrays_of(table.cut(0, begin)), decimals=decimals)
    start = table.cut(0, begin)
    close = float(start.close[-1]) if begin else 0.0
    shown = structure_rows(tables_of(start), table.ts, close=close, decimals=decimals)
    for row in range(begin, len(table)):
        prices = (table.open[row], table.high[row], table.low[row], table.close[row], table.volume[row])
        opened, high, low, close, volume = (float(price) for price in prices)
        delta = live.step(int(table.ts[row]), (opened, high, low, close, volume))
        for layer in LAYERS:
            assert delta[layer]["from"] <= len(shown[layer])
            shown[layer] = [*shown[layer][: delta[layer]["from"]], *delta[layer]["rows"]]
        if row % check_every == 0 or row == len(table) - 1:
            known = table.cut(0, row + 1)
            whole = structure_rows(tables_of(known), known.ts, close=close, decimals=decimals)
            assert {layer: shown[layer] for layer in LAYERS} == {layer: whole[layer] for layer in LAYERS}
            assert delta["state"] == whole["state"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_page_that_follows_every_bar_shows_the_whole_structure(seed: int) -> None:
    follow(walk(1200, seed=seed), 1, decimals=2, check_every=7)


def test_a_page_that_comes_in_the_middle_does_too() -> None:
    follow(walk(900, seed=4), 500, decimals=2, check_every=3)


def test_two_states_are_compared_the_same_from_their_settled_rows_on() -> None:
    table = walk(1000, seed=9)
    for rows in range(300, 1000, 13):
        before, after = tables_of(table.cut(0, rows - 9)), tables_of(table.cut(0, rows))
        delta = structure_delta(tail_of(before), tail_of(after), table.ts, close=1.0, decimals=2)
        for layer in LAYERS:
            old = structure_rows(before, table.ts, close=1.0, decimals=2)[layer]
            new = structure_rows(after, table.ts, close=1.0, decimals=2)[layer]
            assert [*old[: delta[layer]["from"]], *delta[layer]["rows"]] == new


def test_a_long_series_reads_no_more_at_a_bar_than_a_short_one() -> None:
    table = walk(30_000, seed=6)
    for rows in (3_000, 29_000):
        live = LiveStructure(arrays_of(table.cut(0, rows)), decimals=2)
        most = 0
        for row in range(rows, rows + 300):
            prices = (table.open[row], table.high[row], table.low[row], table.close[row], table.volume[row])
            opened, high, low, close, volume = (float(price) for price in prices)
            live.step(int(table.ts[row]), (opened, high, low, close, volume))
            most = max(most, *(len(live._shown.rows[layer]) for layer in LAYERS))
        assert most < 400


@pytest.mark.data
def test_real_bars_are_followed_without_a_difference(test_data: Path) -> None:
    table = read_bar_file(test_data / "data" / "bars" / "crypto" / "binance" / "BTCUSDT" / "5m.parquet")
    follow(table.cut(0, 5000), 300, decimals=2, check_every=97)
