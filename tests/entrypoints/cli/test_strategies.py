"""`alphaloop strategies list`."""

import json

from typer.testing import CliRunner

from alphaloop.engine.strategy import list_strategies
from alphaloop.entrypoints.cli.strategies import app


def test_the_json_lists_every_key_with_its_parameters() -> None:
    told = CliRunner().invoke(app, ["list", "--json"])
    rows = json.loads(told.stdout)
    assert told.exit_code == 0
    assert [row["key"] for row in rows] == [strategy.key for strategy in list_strategies()]
    bollinger = next(row for row in rows if row["key"] == "reversion/bollinger")
    assert bollinger["category"] == "mean_reversion"
    assert bollinger["params"]["period"]["default"] == 20
    assert bollinger["label"]["zh"] == "布林带均值回归"


def test_people_get_a_table() -> None:
    told = CliRunner().invoke(app, ["list"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "reversion/bollinger" in told.stdout
