"""`alphaloop strategies list`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import alphaloop as al
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.own_files import load_own
from alphaloop.engine.strategy import list_strategies
from alphaloop.entrypoints.cli import app as root
from alphaloop.entrypoints.cli.strategies import app


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation without files of anybody's."""
    monkeypatch.setenv("ALPHALOOP_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_json_lists_every_key_with_its_parameters() -> None:
    told = CliRunner().invoke(app, ["list", "--json"])
    rows = json.loads(told.stdout)
    assert told.exit_code == 0
    assert [row["key"] for row in rows] == [strategy.key for strategy in list_strategies()]
    bollinger = next(row for row in rows if row["key"] == "reversion/bollinger")
    assert bollinger["category"] == "mean_reversion"
    assert bollinger["params"]["period"]["default"] == 20
    assert bollinger["label"]["zh"] == "布林带均值回归"


def test_a_new_file_is_a_strategy_that_runs(tmp_path: Path) -> None:
    told = CliRunner().invoke(root, ["new-strategy", "my_idea", "--into", str(tmp_path)])
    assert (told.exit_code, (tmp_path / "my_idea.py").is_file()) == (0, True)
    strategy = load_own("user:my_idea", tmp_path)
    result = run_backtest(strategy, al.lab.load("sample").series, strategy.parse({"period": 100}))
    assert len(result.trades) > 10
    again = CliRunner().invoke(root, ["new-strategy", "my_idea", "--into", str(tmp_path)])
    assert (again.exit_code, again.stderr.strip()) == (2, "There is a file my_idea.py already.")
    assert CliRunner().invoke(root, ["new-strategy", "../idea", "--into", str(tmp_path)]).exit_code == 2


def test_ones_own_files_are_listed_and_run_by_their_key_and_broken_ones_are_named(home: Path) -> None:
    made = CliRunner().invoke(root, ["new-strategy", "mine"])
    assert (made.exit_code, (home / "strategies" / "mine.py").is_file()) == (0, True)
    (home / "strategies" / "odd.py").write_text("import nothing_here\n", encoding="utf-8")
    told = CliRunner().invoke(root, ["strategies", "list", "--json"])
    assert json.loads(told.stdout)[-1]["key"] == "user:mine"
    assert "odd.py, line 1" in told.stderr
    ran = CliRunner().invoke(root, ["backtest", "run", "user:mine", "--bars", "sample", "--json"])
    assert json.loads(ran.stdout)["metrics"]["trades"] > 10
    gone = CliRunner().invoke(root, ["backtest", "run", "user:gone", "--bars", "sample"])
    assert (gone.exit_code, "user:mine" in gone.stderr) == (2, True)


def test_people_get_a_table() -> None:
    told = CliRunner().invoke(app, ["list"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "reversion/bollinger" in told.stdout
