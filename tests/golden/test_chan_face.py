"""The Chan face and its command: every form of bars gives the same rows, and a bad one a clear answer."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

from alphaloop import chan
from alphaloop.entrypoints.cli.chan import app
from tests.kernels.chan.series import Bars, random_bars

BARS = random_bars(600, 31)
FIRST_S = 1_600_000_000


def columns(bars: Bars = BARS) -> dict[str, Any]:
    ts = FIRST_S + np.arange(len(bars.ts_ms)) * 60
    return {"ts": ts, **{name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}}


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    pl.DataFrame(columns()).write_csv(path)
    return path


def without_ts(golden: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {layer: [{k: v for k, v in row.items() if "ts" not in k} for row in rows] for layer, rows in golden.items()}


def test_every_form_of_bars_gives_the_same_rows(csv: Path, tmp_path: Path) -> None:
    expected = chan.analyse(columns()).to_golden()
    assert len(expected["bi"]) > 10
    frame = pl.DataFrame(columns())
    frame.write_parquet(tmp_path / "bars.parquet")
    forms: list[object] = [csv, str(csv), tmp_path / "bars.parquet", frame, frame.lazy(), pd.DataFrame(columns())]
    forms.append(pd.DataFrame(columns()).set_index("ts"))
    for form in forms:
        assert chan.analyse(form).to_golden() == expected


def test_every_spelling_of_time_is_echoed_and_means_the_same() -> None:
    plain = columns()
    expected = without_ts(chan.analyse(plain).to_golden())
    seconds = plain["ts"].tolist()
    moments = [datetime.fromtimestamp(ts, UTC) for ts in seconds]
    spellings: list[tuple[Any, Any]] = [
        (seconds, seconds[0]),
        ([ts * 1000 for ts in seconds], seconds[0] * 1000),
        ([ts * 1_000_000 for ts in seconds], seconds[0] * 1_000_000),
        ([float(ts) for ts in seconds], float(seconds[0])),
        ([moment.isoformat() for moment in moments], moments[0].isoformat()),
        ([moment.strftime("%Y-%m-%d %H:%M:%S") for moment in moments], moments[0].strftime("%Y-%m-%d %H:%M:%S")),
        (moments, moments[0].isoformat()),
        (pl.Series(moments), moments[0].isoformat()),
        (np.array([moment.replace(tzinfo=None) for moment in moments], "datetime64[s]"), "2020-09-13T12:26:40"),
        (pd.Series(pd.to_datetime(seconds, unit="s", utc=True)).to_numpy(), moments[0].isoformat()),
    ]
    for ts, first in spellings:
        golden = chan.analyse({**plain, "ts": ts}).to_golden()
        assert without_ts(golden) == expected
        assert golden["merged"][0]["start_ts"] == first
        json.dumps(golden, allow_nan=False)


def test_days_are_echoed_as_days() -> None:
    frame = pl.DataFrame(columns()).with_columns(
        ts=pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 1) + pl.duration(days=599), eager=True)
    )
    assert chan.analyse(frame).to_golden()["merged"][0]["start_ts"] == "2020-01-01"


def test_the_tables_are_frames_with_times_and_life_cycle() -> None:
    result = chan.analyse(columns(random_bars(8_000, 31)))
    assert result.strokes.columns[:4] == ["start_idx", "start_ts", "end_idx", "end_ts"]
    assert {"sure", "known_at", "confirmed_at", "final_at"} <= set(result.strokes.columns)
    assert result.strokes["start_ts"].to_list() == [FIRST_S + 60 * i for i in result.strokes["start_idx"]]
    assert result.points["ts"].to_list() == [FIRST_S + 60 * i for i in result.points["idx"]]
    assert result.merged.height == len(result.tables.merged)
    assert result.fractals.height == len(result.tables.fractals)
    assert result.pivots.height == len(result.tables.pivots[0]) > 0
    for level in (0, 1):
        segments = (result.segments, result.segments2)[level]
        assert segments.height == len(result.tables.segments[level]) > 0
        below = (result.strokes, result.segments)[level]
        assert segments["start_idx"].to_list() == [below["start_idx"][row] for row in segments["first_line"]]
    assert result.segment_pivots.height == len(result.tables.pivots[1])
    assert result.segment_points.height == len(result.tables.points[1])


def test_points_at_one_place_are_one_row_with_types_as_in_the_reference() -> None:
    result = chan.analyse(columns(random_bars(20_000, 31)))
    golden = result.to_golden()
    assert {kind for row in golden["bsp"] for kind in row["types"]} == {"1", "1p", "2", "2s", "3a", "3b"}
    for rows, points, lines in (
        (golden["bsp"], result.points, result.strokes),
        (golden["segbsp"], result.segment_points, result.segments),
    ):
        assert [row["bi_idx"] for row in rows] == sorted({row["bi_idx"] for row in rows})
        assert sum(len(row["types"]) for row in rows) == points.height
        assert all((lines["direction"][row["bi_idx"]] < 0) == (row["side"] == "buy") for row in rows)


def test_a_configuration_of_one_level_has_nothing_above_its_segments() -> None:
    result = chan.analyse(columns(), chan.ChanConfig(levels=1))
    golden = result.to_golden()
    assert golden["seg"]
    assert golden["segseg"] == golden["segzs"] == golden["segbsp"] == []
    assert result.segments2.height == result.segment_pivots.height == result.segment_points.height == 0


def test_one_bar_is_one_merged_bar() -> None:
    golden = chan.analyse({name: values[:1] for name, values in columns().items()}).to_golden()
    assert [len(golden[layer]) for layer in golden] == [1, *[0] * 8]


def test_a_missing_column_an_unknown_configuration_and_a_wrong_time_are_named() -> None:
    with pytest.raises(ValueError, match="'low'"):
        chan.analyse({name: values for name, values in columns().items() if name != "low"})
    with pytest.raises(ValueError, match="CN-STRICT-1"):
        chan.analyse(columns(), "CN-NONE")
    with pytest.raises(ValueError, match="frame"):
        chan.analyse(42)
    for bad, reason in (("yesterday", "ISO 8601"), (None, "missing")):
        ts = [datetime.fromtimestamp(t, UTC).isoformat() for t in columns()["ts"].tolist()]
        with pytest.raises(chan.ChanInputError, match=reason) as caught:
            chan.analyse({**columns(), "ts": [*ts[:9], bad, *ts[10:]]})
        assert caught.value.row == 9


def test_the_command_prints_the_rows_as_json(csv: Path) -> None:
    done = CliRunner().invoke(app, ["analyse", str(csv), "--config", "CN-STRICT-1", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == chan.analyse(csv).to_golden()


def test_the_command_prints_a_table_for_people(csv: Path) -> None:
    done = CliRunner().invoke(app, ["analyse", str(csv)])
    assert done.exit_code == 0
    assert "CN-STRICT-1" in done.stdout
    assert "600 bars" in done.stdout


def test_the_command_answers_bad_input_with_one_line_and_code_2(csv: Path, tmp_path: Path) -> None:
    lines = csv.read_text().splitlines()
    files = {
        "swapped.csv": [lines[0], lines[2], lines[1]],
        "no_close.csv": [line.rsplit(",", 2)[0] for line in lines],
        "empty.csv": [],
        "only_head.csv": lines[:1],
        "words.csv": [lines[0], "1600000000,a,b,c,d,e"],
        "gap.csv": [lines[0], "1600000000,1.0,,1.0,1.0,1.0"],
    }
    for name, content in files.items():
        (tmp_path / name).write_text("\n".join(content))
    asked = [[str(tmp_path / name)] for name in (*files, "absent.csv")] + [[str(csv), "--config", "X"]]
    for arguments in asked:
        done = CliRunner().invoke(app, ["analyse", *arguments, "--json"])
        assert done.exit_code == 2, arguments
        assert done.stdout == ""
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
