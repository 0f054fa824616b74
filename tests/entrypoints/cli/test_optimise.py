"""`alphaloop backtest optimise`: it searches, says what the best is worth, and goes on from a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alphaloop.entrypoints.cli import app

ASKED = ["backtest", "optimise", "trend/golden_cross", "--bars", "sample", "--processes", "1"]
RANGES = ["--over", "fast=10:50:10", "--over", "slow=50,100,150", "--where", "fast<slow"]


def run(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, [*ASKED, *arguments])
    assert result.exit_code == code, result.output
    return result


def found(*arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return made


def test_a_grid_is_searched_and_its_best_judged() -> None:
    result = run(*RANGES, "--method", "grid", "--trials", "15", "--json")
    made = json.loads(result.stdout)
    # Five by three, less the one point at which both are fifty.
    assert made["trials"] == 14
    assert made["verdict"]["seen"]["sharpe"] == made["best"]["metrics"]["sharpe"]
    assert made["verdict"]["unseen"]["bars"] == made["rows"]["rows"]
    assert "14/15  best: sharpe" in result.stderr
    table = run(*RANGES, "--method", "grid", "--trials", "15").stdout
    assert "Best of 14 trials by sharpe" in table
    assert "held out" in table


def test_a_file_of_trials_is_gone_on_with(tmp_path: Path) -> None:
    file = tmp_path / "trials.jsonl"
    search = [*RANGES, "--method", "random", "--seed", "3", "--resume", str(file)]
    first = found(*search, "--trials", "5")
    torn = file.read_text() + '{"number": 5, "poi'
    file.write_text(torn)
    whole = found(*search, "--trials", "9")
    assert (first["trials"], whole["trials"]) == (5, 9)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["number"] for line in lines[1:]] == list(range(9))
    assert len({str(line["point"]) for line in lines[1:]}) == 9
    refusal = run(*search, "--fee", "0.01", code=2)
    assert "another search" in refusal.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--over", "speed=1:2"], "Known parameters"),
        (["--over", "fast=50:10"], "begins below its end"),
        (["--over", "fast=1:2:3:4"], "low:high"),
        (["--where", "fast<<slow"], "condition"),
        (["--metric", "beauty"], "Known metrics"),
        (["--method", "luck"], "grid, random, bayes"),
        (["--method", "grid"], "budget"),
        (["--trials", "none"], "whole number"),
        (["--held-out", "0.9"], "held out"),
    ],
)
def test_what_does_not_fit_is_one_line(arguments: list[str], told: str) -> None:
    result = run(*arguments, code=2)
    assert told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_no_best_is_said_so() -> None:
    assert "none meets" in run(*RANGES, "--trials", "3", "--method", "random", "--where", "trades>99999").stdout
