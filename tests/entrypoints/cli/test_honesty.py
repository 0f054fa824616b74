"""`alphaloop backtest sweep` and `passport`."""

import json

from typer.testing import CliRunner

from alphaloop.entrypoints.cli import app

SWEEP = ("backtest", "sweep", "reversion/bollinger", "--bars", "sample", "--fee", "0.0005")


def test_a_sweep_runs_every_combination_best_first() -> None:
    told = CliRunner().invoke(app, [*SWEEP, "--over", "period=10,20", "--over", "width=1.5,2", "--json"])
    found = json.loads(told.stdout)
    assert (told.exit_code, found["runs"]) == (0, 4)
    ratios = [row["sharpe"] for row in found["rows"]]
    assert ratios == sorted(ratios, reverse=True)
    assert {(row["period"], row["width"]) for row in found["rows"]} == {(10, 1.5), (10, 2.0), (20, 1.5), (20, 2.0)}


def test_what_does_not_fit_is_one_line() -> None:
    for extra, word in (
        (["--over", "period=1"], "period is between"),
        (["--over", "perod=1"], "Known parameters"),
        (["--over", "period=10", "--by", "luck"], "There is no metric luck"),
        (["--over", "period"], "name=value"),
    ):
        told = CliRunner().invoke(app, [*SWEEP, *extra])
        assert told.exit_code == 2
        assert word in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1


def test_a_passport_answers_every_question() -> None:
    told = CliRunner().invoke(
        app, ["backtest", "passport", "reversion/bollinger", "--bars", "sample", "--draws", "5", "--json"]
    )
    found = json.loads(told.stdout)
    assert len(found["checks"]) == 9
    assert told.exit_code == (1 if found["verdict"] == "fail" else 0)
