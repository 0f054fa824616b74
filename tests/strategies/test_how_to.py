"""The code in the guides is code: it runs, and the strategy it shows passes the checks that it promises."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alphaloop.core.plugins import load_file
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.invariance import check_prefix_invariance
from alphaloop.engine.strategy import Strategy, strategy_from_module
from alphaloop.lab import load

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def shown(tmp_path: Path) -> Strategy:
    file = tmp_path / "above_average.py"
    file.write_text(blocks("how-to/add-a-strategy.md")[0], encoding="utf-8")
    return strategy_from_module("user:above_average", load_file(file, "above_average"))


def test_the_strategy_of_the_guide_trades_and_does_not_look_ahead(shown: Strategy) -> None:
    bars = load("sample").series
    params = shown.parse({"period": 100})
    result = run_backtest(shown, bars, params, cash=100_000, fee=0.0005)
    assert len(result.trades) > 10
    assert check_prefix_invariance(shown, bars, params, prefixes=20) == []


def test_the_manage_of_the_guide_protects_the_entry(shown: Strategy) -> None:
    names: dict[str, object] = {}
    exec(blocks("how-to/add-a-strategy.md")[1], names)
    managed = replace(shown, manage=names["manage"])  # type: ignore[arg-type]
    bars = load("sample").series
    params = shown.parse({"period": 100})
    plain, guarded = (run_backtest(one, bars, params, cash=100_000) for one in (shown, managed))
    assert len(guarded.fills.row) != len(plain.fills.row)
    assert np.isfinite(guarded.equity).all()


def test_the_example_of_the_concept_page_runs() -> None:
    for block in blocks("concepts/backtest.md"):
        exec(block, {})
