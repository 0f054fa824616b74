"""The research notebook runs from top to bottom and prints what is stored in it."""

import json
from pathlib import Path

import pytest

from tests.lab.notebooks import EXAMPLE, run_notebook


def test_the_notebook_runs_and_prints_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert json.loads(EXAMPLE.read_text(encoding="utf-8"))["nbformat"] == 4
    ran = run_notebook(EXAMPLE)
    assert len(ran) > 7
    for name, printed, stored in ran:
        assert printed == stored, name
    assert (tmp_path / "research.html").stat().st_size > 1000
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "trades.csv",
        "equity.csv",
        "fills.csv",
        "metrics.csv",
    }
