"""`alphaloop chan explain` and `alphaloop chan screen`: what they print, and one line for what does not fit."""

import json
import re
import shlex
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from alphaloop import chan
from alphaloop.entrypoints.cli.chan import app
from alphaloop.features.research.screening import parse_query
from tests.features.market.walks import csv_of, walk
from tests.golden.test_chan_face import columns
from tests.kernels.chan.series import random_bars


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    pl.DataFrame(columns(random_bars(4000, 31))).write_csv(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four coins with a minute file each, one with a half-hour file of its own, and a name that says nothing."""
    for seed, name in enumerate(("BTCUSDT", "ETHUSDT", "LTCUSDT", "XRPUSDT", "N0-SUCH.THING")):
        place = tmp_path / "crypto" / "binance" / name
        place.mkdir(parents=True)
        (place / "1m.csv").write_bytes(csv_of(walk(6000, seed=seed)))
    (tmp_path / "crypto" / "binance" / "XRPUSDT" / "30m.csv").write_bytes(csv_of(walk(900, seed=9, step_ms=1_800_000)))
    return tmp_path


def asked(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.stdout, done.stderr


def test_explain_says_in_words_and_as_json_what_the_face_says(csv: Path) -> None:
    result = chan.analyse(csv)
    stroke = result.strokes.row(4, named=True)
    pair = f"{stroke['start_idx']},{stroke['end_idx']}"
    for option, value, told in (
        ("--point", "2", result.explain_point(2)),
        ("--segment", "1", result.explain_segment(1)),
        ("--pair", pair, result.explain_pair(stroke["start_idx"], stroke["end_idx"])),
    ):
        code, out, _ = asked("explain", str(csv), option, value)
        assert (code, out.splitlines()) == (0, chan.in_words(told))
        code, out, _ = asked("explain", str(csv), option, value, "--json")
        assert (code, json.loads(out)["key"]) == (0, told.key)
    code, out, _ = asked("explain", str(csv), "--segment", "0", "--level", "1", "--json")
    assert json.loads(out)["line"]["end_idx"] == result.segments2["end_idx"][0]


def test_a_screen_prints_who_matches_and_counts_the_others(folder: Path) -> None:
    query = '[{"timeframe": "1m", "direction": "up"}]'
    code, out, _ = asked("screen", "--bars", str(folder), "--query", query, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["instruments"] == 5
    assert found["skipped"] == {"unknown_symbol": 1}
    rising = set()
    for name in ("BTCUSDT", "ETHUSDT", "LTCUSDT", "XRPUSDT"):
        strokes = chan.analyse(folder / "crypto" / "binance" / name / "1m.csv").strokes
        if strokes["direction"][-1] > 0:
            rising.add(f"{name[:-4]}/USDT@binance")
    assert {match["instrument"] for match in found["matches"]} == rising
    code, out, _ = asked("screen", "--bars", str(folder), "--query", query)
    assert out.splitlines()[-1] == f"{len(rising)} of 5 instruments match, 1 unknown_symbol."
    assert len(out.splitlines()) == len(rising) + 1


def test_a_timeframe_without_a_file_is_made_of_a_finer_one(folder: Path) -> None:
    query = '[{"timeframe": "30m", "direction": "up"}, {"timeframe": "30m", "level": "stroke", "direction": "up"}]'
    _, out, _ = asked("screen", "--bars", str(folder), "--query", query, "--json", "--config", "new-stroke")
    ups = {match["instrument"] for match in json.loads(out)["matches"]}
    _, out, _ = asked("screen", "--bars", str(folder), "--query", query.replace("up", "down"), "--json")
    downs = {match["instrument"] for match in json.loads(out)["matches"]}
    own = chan.analyse(folder / "crypto" / "binance" / "XRPUSDT" / "30m.csv", "new-stroke").strokes
    assert ("XRP/USDT@binance" in ups) is bool(own["direction"][-1] > 0)
    assert len(ups | downs) == 4


def test_a_nested_point_is_told_in_the_line(folder: Path) -> None:
    kinds = ["B1", "B1p", "B2", "B2s", "S1", "S1p", "S2", "S2s", "B3a", "S3a"]
    condition = {"timeframe": "5m", "point": kinds, "within_bars": 1000, "nested": {"timeframe": "1m"}}
    code, out, _ = asked("screen", "--bars", str(folder), "--query", json.dumps([condition]))
    assert code == 0
    assert " bars ago with " in out.splitlines()[0]


def test_what_does_not_fit_is_one_line_and_code_2(csv: Path, folder: Path) -> None:
    for arguments in (
        ["explain", str(csv)],
        ["explain", str(csv), "--point", "1", "--segment", "1"],
        ["explain", str(csv), "--point", "x"],
        ["explain", str(csv), "--point", "9999"],
        ["explain", str(csv), "--pair", "5"],
        ["explain", str(csv), "--pair", "5,6"],
        ["explain", str(csv), "--segment", "0", "--level", "7"],
        ["explain", str(csv) + "x", "--point", "1"],
        ["screen", "--bars", str(folder), "--query", "{"],
        ["screen", "--bars", str(folder), "--query", "[]"],
        ["screen", "--bars", str(folder), "--query", '[{"timeframe": "1m", "point": ["B9"]}]'],
        ["screen", "--bars", str(folder), "--query", '[{"timeframe": "1m", "direction": "up"}]', "--config", "X"],
        ["screen", "--bars", str(folder / "none"), "--query", '[{"timeframe": "1m", "direction": "up"}]'],
    ):
        code, out, err = asked(*arguments)
        assert (code, out) == (2, ""), arguments
        assert len(err.strip().splitlines()) == 1, err


def test_the_guide_to_screens_shows_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, name in ((0, "BTCUSDT"), (3, "ETHUSDT")):
        place = tmp_path / "bars" / "crypto" / "binance" / name
        place.mkdir(parents=True)
        (place / "1m.csv").write_bytes(csv_of(walk(6000, seed=seed)))
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "screen-the-market.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"^```console\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    shown = [part.partition("\n") for part in told.split("$ alphaloop chan ")[1:]]
    assert len(shown) == 2
    for line, _, printed in shown:
        done = CliRunner().invoke(app, shlex.split(line))
        assert done.output == printed
    (query,) = re.findall(r"^```json\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    assert [one.timeframe.value for one in parse_query(json.loads(query)).conditions] == ["30m", "1d"]
