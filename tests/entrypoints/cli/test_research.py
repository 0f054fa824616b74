"""`alphaloop backtest why` and `alphaloop backtest watch`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alphaloop.entrypoints.cli import app, research

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-strategy.md"
WHOLE = GUIDE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
ASK = ["backtest", "why", "reversion/bollinger", "--bars", "sample", "--fee", "0.0005"]


def test_a_bar_is_explained_in_words_and_as_json() -> None:
    told = CliRunner().invoke(app, [*ASK, "--at", "1999-10-07"])
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "SPX 1999-10-07",
        "signal: at the close of 1999-10-06 the target became 0 (weight)",
        "signal: the strategy's reason: close is back at the middle",
        "fill: filled -793.478 at 1325.4, fee 525.838 (signal)",
        "fill: after its close 0 is held",
    ]
    chinese = CliRunner().invoke(app, [*ASK, "--at", "1999-10-07", "--language", "zh"])
    assert "信号: 1999-10-06 收盘时目标变为 0（按资金比例）" in chinese.stdout
    rows = json.loads(CliRunner().invoke(app, [*ASK, "--at", "192", "--json"]).stdout)
    assert (rows["row"], rows["traded"], rows["reasons"][0]["code"]) == (192, True, "new_instruction")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--at", "soon"], "A time is written like"),
        (["--at", "2031-01-01"], "outside the bars"),
        (["--at", "192", "--instrument", "DAX"], "no such bar"),
        (["--at", "192", "--language", "fr"], "en or zh"),
        (["--at", "192", "--param", "period=1"], "period is between"),
    ],
)
def test_a_question_that_does_not_fit_is_one_line_and_exit_code_two(given: list[str], said: str) -> None:
    told = CliRunner().invoke(app, [*ASK, *given])
    assert told.exit_code == 2
    assert said in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_a_saved_file_runs_again_and_says_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "idea.py"
    path.write_text(WHOLE, encoding="utf-8")
    edits = [
        WHOLE.replace("close > sma", "close < sma"),
        WHOLE.replace("    target = np.full(", "    nonsense()\n    target = np.full("),
        WHOLE + "\n# a remark\n",
        None,
        WHOLE,
    ]

    def save_next(_: float) -> None:
        if not edits:
            raise KeyboardInterrupt
        text = edits.pop(0)
        if text is None:
            path.unlink()
            return
        path.write_text(text, encoding="utf-8")

    monkeypatch.setattr(research, "sleep", save_next)
    told = CliRunner().invoke(app, ["backtest", "watch", str(path), "--bars", "sample", "--param", "period=100"])
    assert told.exit_code == 0, told.output
    assert told.stdout.count("user:idea(period=100) on SPX") == 4
    assert "Watching; save the file to run it again" in told.stdout
    assert "sharpe " in told.stdout
    assert " → " in told.stdout
    assert "The edit changed none of these figures." in told.stdout
    line = next(number for number, row in enumerate(WHOLE.splitlines(), 1) if "target = np.full(" in row)
    assert told.stderr.splitlines() == [f"idea.py, line {line}: NameError: name 'nonsense' is not defined"]


def test_what_cannot_be_watched_is_refused(tmp_path: Path) -> None:
    (tmp_path / "idea.py").write_text("", encoding="utf-8")
    for given in (["nothing.py"], ["reversion/bollinger"], [str(tmp_path / "idea.py"), "--every", "0"]):
        told = CliRunner().invoke(app, ["backtest", "watch", *given, "--bars", "sample"])
        assert told.exit_code == 2, given
