"""`alphaloop signals scan`: what a strategy wants at the newest bars of a file, in words and as JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alphaloop.entrypoints.cli import app
from tests.features.signals.test_scanning import FOLLOWER


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """(a strategy of one's own, bars that rose above their average in the last row but one)."""
    strategy, bars = tmp_path / "follower.py", tmp_path / "coin.csv"
    strategy.write_text(FOLLOWER, encoding="utf-8")
    closes = [10, 10, 10, 10, 9, 12, 13]
    rows = [f"{1_600_000_000 + 60 * t},{c},{c + 1},{c - 1},{c},5" for t, c in enumerate(closes)]
    bars.write_text("\n".join(["ts,open,high,low,close,volume", *rows]) + "\n", encoding="utf-8")
    return str(strategy), str(bars)


def test_the_newest_row_is_told_in_the_times_of_the_file(files: tuple[str, str]) -> None:
    told = CliRunner().invoke(app, ["signals", "scan", files[0], "--bars", files[1], "--json"])
    assert told.exit_code == 0, told.stderr
    [one] = json.loads(told.stdout)["signals"]
    assert (one["instrument"], one["direction"], one["age"], one["late"]) == ("coin", "LONG", 1, False)
    assert (one["ts"], one["since_ts"], one["stop"]) == (1_600_000_360, 1_600_000_300, 8.0)
    # All of the equity with five of thirteen to lose is far above two per cent of it.
    assert (one["weight"], one["risk_score"], one["rr_ratio"]) == (1.0, 1.0, None)
    told = CliRunner().invoke(app, ["signals", "scan", files[0], "--bars", files[1]])
    assert told.stdout.splitlines()[0] == "coin 1600000360: LONG since 1600000300"


def test_what_does_not_fit_is_one_line_and_exit_code_two(files: tuple[str, str]) -> None:
    told = CliRunner().invoke(app, ["signals", "scan", files[0], "--bars", files[1], "--param", "period=1"])
    assert (told.exit_code, told.stderr) == (2, "period is between 2 and 50.\n")
    told = CliRunner().invoke(app, ["signals", "scan", "no/such", "--bars", files[1]])
    assert told.exit_code == 2
    assert told.stderr.startswith("There is no such strategy.")
