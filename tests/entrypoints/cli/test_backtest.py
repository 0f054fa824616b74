"""`alphaloop backtest run`: the face that scripts rely on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alphaloop.entrypoints.cli.backtest import app

HEADER = "ts,open,high,low,close,volume"


def run(*args: str) -> tuple[int, str, str]:
    told = CliRunner().invoke(app, ["run", *args])
    return told.exit_code, told.stdout, told.stderr


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """A file of bars that fall through a narrow band and come back, twice; times in seconds."""
    closes = [10, 10, 10, 7, 7.5, 10, 10, 10, 10, 6, 8, 10, 10]
    rows = [f"{1_600_000_000 + 60 * t},{c},{c},{c},{c},5" for t, c in enumerate(closes)]
    path = tmp_path / "bars.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


def as_json(bars: Path, *args: str) -> dict[str, Any]:
    given = ("--param", "period=3", "--param", "width=1.0", "--cash", "1000", "--json")
    code, out, err = run("reversion/bollinger", "--bars", str(bars), *given, *args)
    assert (code, err) == (0, "")
    told: dict[str, Any] = json.loads(out)
    return told


def test_the_json_has_the_promised_form_and_echoes_the_times_of_the_file(bars: Path) -> None:
    told = as_json(bars)
    assert set(told) >= {"run_id", "metrics", "trades", "equity"}
    assert told["metrics"]["trades"] == 2
    first = told["trades"][0]
    # Decided at row 3, bought at the open of row 4; back at the middle at row 5, sold at the open of row 6.
    assert (first["entry_ts"], first["exit_ts"]) == (1_600_000_240, 1_600_000_360)
    assert (first["side"], first["entry_price"], first["exit_price"]) == ("BUY", 7.5, 10.0)
    assert first["pnl"] == pytest.approx(1000 / 7.5 * 2.5)
    assert [row["ts"] for row in told["equity"]] == [1_600_000_000 + 60 * t for t in range(13)]
    assert told["equity"][-1]["equity"] == told["metrics"]["final_equity"]


def test_fill_fee_whole_and_start_mean_what_they_say(bars: Path) -> None:
    assert as_json(bars, "--fill", "close")["trades"][0]["entry_price"] == 7.0
    units = as_json(bars, "--fee", "0.01")["trades"][0]["quantity"]
    assert units == pytest.approx(1000 / (7.5 * 1.01))
    assert as_json(bars, "--fee", "0.01", "--whole")["trades"][0]["quantity"] == 132
    assert as_json(bars, "--start-bar", "6")["metrics"]["trades"] == 1


def test_the_same_run_has_the_same_id_in_another_process(bars: Path) -> None:
    call = "from alphaloop.entrypoints.cli.backtest import app; app()"
    args = ["run", "reversion/bollinger", "--bars", str(bars), "--param", "period=3", "--param", "width=1.0"]
    told = subprocess.run(
        [sys.executable, "-c", call, *args, "--cash", "1000", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(told.stdout) == as_json(bars)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("reversion/bolinger",), "There is no such strategy"),
        (("reversion/bollinger", "--param", "period=x"), "whole number"),
        (("reversion/bollinger", "--param", "period"), "name=value"),
        (("reversion/bollinger", "--param", "speed=3"), "Known parameters: period, width"),
        (("reversion/bollinger", "--cash", "nan"), "cash must be a number"),
        (("reversion/bollinger", "--cash", "0"), "needs cash"),
        (("reversion/bollinger", "--cash", "1_000"), "cash must be a number"),
        (("reversion/bollinger", "--fee", "2"), "fee must lie between"),
        (("reversion/bollinger", "--fill", "soon"), "fill is open or close"),
        (("reversion/bollinger", "--start-bar", "-1"), "start-bar must be a whole number"),
        (("reversion/bollinger", "--start-bar", "5"), "needs 19 bars"),
        (("reversion/bollinger", "--param", "period=50"), "needs 49 bars"),
    ],
)
def test_a_wrong_input_is_one_line_on_stderr_and_exit_two(bars: Path, args: tuple[str, ...], said: str) -> None:
    code, out, err = run(*args, "--bars", str(bars), "--json")
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "\x00\x01", f"{HEADER}\n", f"{HEADER}\n1,1,1,1,1,1\n0,1,1,1,1,1\n", "a,b\n1,2\n"])
def test_a_broken_file_is_one_line_on_stderr_and_exit_two(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(text)
    for source in (path, tmp_path / "none.csv", tmp_path):
        code, out, err = run("reversion/bollinger", "--bars", str(source))
        assert (code, out) == (2, "")
        assert err.count("\n") == 1


def test_people_get_a_table(bars: Path) -> None:
    code, out, _ = run("reversion/bollinger", "--bars", str(bars), "--param", "period=3", "--param", "width=1.0")
    assert code == 0
    assert "final_equity" in out
    assert "Last trades of 2" in out
