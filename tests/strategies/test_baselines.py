"""Each strategy still does on real data what was written down; see `baselines` for how to write it anew."""

import json
from pathlib import Path

import pytest

from tests.strategies.baselines import CASES, place_of, run_case, written


@pytest.mark.data
@pytest.mark.parametrize("key", CASES)
def test_a_strategy_does_what_it_did(key: str, test_data: Path) -> None:
    stored = json.loads(place_of(key).read_text(encoding="utf-8"))
    found = written(key, run_case(key, test_data))
    for name in ("final_equity", "fees", "total_return", "cagr", "sharpe", "max_drawdown"):
        assert found.pop(name) == pytest.approx(stored.pop(name), rel=1e-9), name
    assert found == stored
