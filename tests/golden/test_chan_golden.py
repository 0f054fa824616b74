"""CN-STRICT-1 on every reference series: merged bars, fractals and strokes equal, segments and pivots where sure."""

import json
from pathlib import Path
from typing import Any

import pytest

from alphaloop import chan
from alphaloop.kernels.chan import ChanState, config_named

SERIES = (
    "goog_1d",
    "unittest_btc_1m",
    "unittest_btc_30m",
    "us_ess_1d",
    "us_mrk_1d",
    "ethusdt_30m",
    "sse_index_1m",
)
REPLAYED = ("goog_1d", "unittest_btc_30m")

pytestmark = pytest.mark.data


def rows_of(folder: Path, layer: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((folder / f"{layer}.json").read_text())
    return rows


@pytest.mark.parametrize("series", SERIES)
def test_merged_bars_fractals_and_strokes_equal_the_reference(test_data: Path, series: str) -> None:
    folder = test_data / "golden" / "chan" / series
    ours = chan.analyse(folder / "bars.csv", "CN-STRICT-1").to_golden()
    for layer in ("merged", "fx", "bi"):
        assert ours[layer] == rows_of(folder, layer), layer


@pytest.mark.parametrize("series", SERIES)
def test_sure_segments_and_pivots_and_every_point_of_a_stroke_equal_the_reference(test_data: Path, series: str) -> None:
    folder = test_data / "golden" / "chan" / series
    ours = chan.analyse(folder / "bars.csv", "CN-STRICT-1").to_golden()
    for layer in ("seg", "zs"):
        assert sure_rows(ours[layer]) == sure_rows(rows_of(folder, layer)), layer
    assert ours["bsp"] == [{**row, "types": sorted(row["types"])} for row in rows_of(folder, "bsp")]


def sure_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sure rows, without the reference's own word for how a segment ended."""
    return [{key: value for key, value in row.items() if key != "reason"} for row in rows if row["sure"]]


def test_every_reference_series_is_checked(test_data: Path) -> None:
    manifest = json.loads((test_data / "golden" / "chan" / "manifest.json").read_text())
    assert sorted(manifest["series"]) == sorted(SERIES)
    replays = {path.parent.name for path in (test_data / "golden" / "chan").glob("*/replay.jsonl")}
    assert replays == set(REPLAYED)


@pytest.mark.parametrize("series", REPLAYED)
def test_strokes_come_and_go_at_the_same_bars_as_in_the_reference(test_data: Path, series: str) -> None:
    folder = test_data / "golden" / "chan" / series
    expected = {}
    for line in (folder / "replay.jsonl").read_text().splitlines():
        event = json.loads(line)
        if "bi" in event:
            expected[event["bar"]] = tuple(sorted(tuple(row) for row in event["bi"][key]) for key in ("add", "remove"))
    state = ChanState(config_named("CN-STRICT-1"))
    shown: set[tuple[int, int, bool]] = set()
    happened = {}
    for bar, line in enumerate((folder / "bars.csv").read_text().splitlines()[1:]):
        ts, *prices = line.split(",")
        open_, high, low, close, volume = map(float, prices)
        state.step(int(ts) * 1000, open_, high, low, close, volume)
        strokes = state.tables().strokes[["start_idx", "end_idx", "sure"]].tolist()
        now = {(start, end, sure) for start, end, sure in strokes}
        if now != shown:
            happened[bar] = (sorted(now - shown), sorted(shown - now))
        shown = now
    assert happened == expected
