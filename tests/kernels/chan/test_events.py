from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import POINT_KINDS, ChanConfig, ChanInputError, ChanState, ChanTables, config_named
from alphaloop.kernels.chan.events import LifeLog
from tests.kernels.chan.series import Bars, any_bars, random_bars

STRICT = config_named("CN-STRICT-1")
CONFIGS = [STRICT, config_named("textbook"), config_named("czsc-6"), ChanConfig(pivot_rule="alone", levels=3)]
CONFIGS += [ChanConfig(segment_rule="one_plus_one", pivot_rule="across"), ChanConfig(segment_rule="break")]
Table = npt.NDArray[np.void]
Rows = dict[tuple[str, int], list[tuple[int, int, int, bool, bool]]]


def logged(bars: Bars, config: ChanConfig = STRICT) -> LifeLog:
    log = LifeLog(ChanState(config))
    log.extend(*bars)
    return log


def shown(tables: ChanTables) -> Rows:
    """(layer, level) → (start, end, kind, confirmed, final) of each row of the tables, in any order."""
    codes = {name: code for code, name in POINT_KINDS.items()}
    rows: Rows = {}

    def put(
        layer: str, level: int, table: npt.NDArray[np.void], starts: list[int], ends: str, kinds: list[int]
    ) -> None:
        states = zip(table["confirmed_at"] >= 0, table["final_at"] >= 0, strict=True)
        rows[layer, level] = sorted(
            (start, end, kind, bool(sure), bool(fixed))
            for start, end, kind, (sure, fixed) in zip(starts, table[ends].tolist(), kinds, states, strict=True)
        )

    lines = [tables.strokes, *tables.segments]
    for level, table in enumerate(lines):
        layer = ("segment", level - 1) if level else ("stroke", 0)
        put(*layer, table, table["start_idx"].tolist(), "end_idx", table["direction"].tolist())
    for level, (pivots, points) in enumerate(zip(tables.pivots, tables.points, strict=True)):
        put("pivot", level, pivots, pivots["start_idx"].tolist(), "end_idx", [0] * len(pivots))
        starts = lines[level]["start_idx"][points["line"]].tolist()
        put("point", level, points, starts, "idx", [codes[str(kind)] for kind in points["kind"]])
    return rows


class Retold:
    """What the layers show, told by the log alone."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, int], dict[tuple[int, int], list[int]]] = defaultdict(dict)

    def take(self, event: np.void) -> None:
        rows = self.rows[str(event["layer"]), int(event["level"])]
        key, action = (int(event["start_idx"]), int(event["kind"])), str(event["action"])
        if action == "seen":
            assert key not in rows
            rows[key] = [int(event["end_idx"]), 0, 0]
            return
        row = rows[key]
        assert not row[2], "nothing may happen to what is final"
        if action == "moved":
            assert row[0] == event["was_idx"] != event["end_idx"]
            row[0] = int(event["end_idx"])
        assert row[0] == event["end_idx"]
        if action in ("confirmed", "unconfirmed"):
            assert row[1] == (action == "unconfirmed")
            row[1] = int(action == "confirmed")
        elif action == "final":
            row[2] = 1
        elif action == "withdrawn":
            del rows[key]

    def shown(self, like: Rows) -> Rows:
        return {place: sorted(self._row(*item) for item in self.rows[place].items()) for place in like}

    def _row(self, key: tuple[int, int], row: list[int]) -> tuple[int, int, int, bool, bool]:
        return key[0], row[0], key[1], bool(row[1]), bool(row[2])


@settings(max_examples=20, deadline=None)
@given(bars=any_bars(300), config=st.sampled_from(CONFIGS))
def test_the_log_retold_shows_at_every_bar_what_the_tables_show(bars: Bars, config: ChanConfig) -> None:
    log = LifeLog(ChanState(config))
    retold, told = Retold(), 0
    for number, row in enumerate(bars.rows()):
        log.step(*row)
        for event in log.events(told):
            assert event["bar"] == number
            retold.take(event)
        told = len(log)
        tables = shown(log.state.tables())
        assert retold.shown(tables) == tables


def test_on_real_series_the_log_ends_where_the_tables_do_and_leaves_final_rows_alone(test_data: Path) -> None:
    for name in ("equity_us/lean/IBM/1d", "crypto/binance/ETHUSDT/1h", "equity_cn/sse_index/SH000001/5m"):
        frame = pl.read_parquet(test_data / "data" / "bars" / f"{name}.parquet", n_rows=4000)
        columns = [frame[column].to_numpy() for column in ("open", "high", "low", "close", "volume")]
        log = LifeLog(ChanState(STRICT))
        log.extend(frame["ts"].dt.epoch("ms").to_numpy(), *columns)
        retold = Retold()
        for event in log.events():
            retold.take(event)
        tables = shown(log.state.tables())
        assert retold.shown(tables) == tables
        assert tables["segment", 1]
        assert tables["point", 0], name


def test_a_row_is_known_since_it_was_seen_or_moved_and_confirmed_since_the_log_says_so() -> None:
    log = logged(random_bars(3000, 5))
    since = {"seen": "known_at", "moved": "known_at", "confirmed": "confirmed_at", "final": "final_at"}
    last: dict[tuple[int, str], int] = {}
    for event in log.events():
        if event["layer"] == "stroke" and event["action"] in since:
            last[int(event["n"]), since[str(event["action"])]] = int(event["bar"])
    strokes = log.state.tables().strokes
    assert len(strokes) > 50
    for (n, name), bar in last.items():
        if name != "confirmed_at" or strokes[n]["confirmed_at"] >= 0:
            assert strokes[n][name] == bar, (n, name)


@settings(max_examples=25, deadline=None)
@given(bars=any_bars(600), cuts=st.lists(st.integers(0, 600), max_size=4), config=st.sampled_from(CONFIGS))
def test_bar_by_bar_in_chunks_and_from_a_restored_state_the_events_are_the_same(
    bars: Bars, cuts: list[int], config: ChanConfig
) -> None:
    whole = logged(bars, config).events()
    state, parts = ChanState(config), []
    places = sorted({0, len(bars.ts_ms), *(cut for cut in cuts if cut < len(bars.ts_ms))})
    for start, stop in pairwise(places):
        log = LifeLog(state)
        log.extend(*bars.part(start, stop))
        parts.append(log.events())
        state = ChanState.restore(log.state.snapshot())
    assert np.concatenate(parts).tolist() == whole.tolist()


def test_an_unfit_bar_in_a_chunk_changes_nothing() -> None:
    bars = random_bars(300, 3)
    log = logged(bars.part(0, 200))
    before, state = log.events().tolist(), log.state.snapshot()
    low = bars.low.copy()
    low[250] = -1.0
    with pytest.raises(ChanInputError, match="row 50"):
        log.extend(*bars._replace(low=low).part(200, 300))
    assert log.events().tolist() == before
    assert log.state.snapshot() == state
    log.extend(*bars.part(200, 300))
    assert log.events().tolist() == logged(bars).events().tolist()


def test_a_state_that_is_not_tracked_is_refused() -> None:
    with pytest.raises(ValueError, match="tracked"):
        LifeLog(ChanState(STRICT, tracked=False))


def test_the_log_has_room_for_rows_that_stay_open_for_thousands_of_bars() -> None:
    # Up and down between the same two prices: no segment can ever end, so no row of the layers above is settled.
    leg = np.concatenate([np.arange(8.0), np.arange(8.0, 0.0, -1.0)])
    price = 100.0 + np.tile(leg, 600)
    bars = Bars(np.arange(len(price)) * 60_000, price, price + 0.5, price - 0.5, price, np.ones(len(price)))
    log = logged(bars)
    retold = Retold()
    for event in log.events():
        retold.take(event)
    tables = shown(log.state.tables())
    assert len(tables["stroke", 0]) > 1000
    assert retold.shown(tables) == tables
