"""`alphaloop data` from the first look at a strange file to prices read across its ex-dates."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alphaloop.entrypoints.cli.data import app

BARS = "\n".join(
    ["交易日期,开盘价(元),最高价(元),最低价(元),收盘价(元),成交量(手)"]
    + [f"2024-06-{day:02},100,102,99,101,{1000 + day}" for day in (17, 18)]
    + [f"2024-06-{day:02},95,97,94,96,{1000 + day}" for day in (19, 20, 21)]
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ALPHALOOP_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bars.csv").write_text(BARS, encoding="gb18030")
    return tmp_path


def run(*words: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*words])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in words else done.output


def test_a_strange_file_is_shown_brought_in_stated_and_examined(home: Path) -> None:
    shown = run("columns", "bars.csv", "--json")
    assert shown["guess"]["close"] == "收盘价(元)"
    columns = [word for ours, theirs in shown["guess"].items() for word in ("--column", f"{ours}={theirs}")]
    done = run("import", "bars.csv", "--instrument", "SH600519", "--timeframe", "1d", *columns, "--json")
    assert (done["instrument"], done["added"]) == ("600519@XSHG", 5)
    found = run("health", "600519@XSHG", "1d", "--json", code=1)
    assert [one["code"] for one in found["issues"]] == ["price_mode_unknown"]
    assert "raw" in run("mode", "600519@XSHG", "1d", "raw")
    (home / "actions.csv").write_text("symbol,ex_date,cash\n600519,2024-06-19,5\n000001,2024-06-19,1\n")
    brought = run("actions", "actions.csv", "--json")
    assert brought == {"added": 1, "changed": 0, "unchanged": 0, "unknown": ["000001"]}
    assert run("health", "600519@XSHG", "1d").startswith("5 bars, 0 gaps")


@pytest.mark.parametrize(
    "words",
    [
        ["columns", "nowhere.csv"],
        ["import", "bars.csv", "--instrument", "SH600519", "--timeframe", "1d", "--prices", "sideways"],
        ["import", "bars.csv", "--instrument", "SH600519", "--timeframe", "1d", "--column", "ts"],
        ["import", "bars.csv", "--instrument", "SH600519", "--timeframe", "7d"],
        ["mode", "600519@XSHG", "1d", "raw"],
        ["health", "600519@XSHG", "1d"],
        ["actions", "bars.csv"],
    ],
)
def test_what_does_not_fit_is_one_line_and_exit_code_2(home: Path, words: list[str]) -> None:
    assert len(run(*words, code=2).strip().splitlines()) == 1
