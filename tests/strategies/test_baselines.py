"""Each strategy still does on real data what was written down; see `baselines` for how to write it anew."""

import json
from pathlib import Path

import pytest

from tests.strategies.baselines import CASES, page_of, place_of, run_case, with_table, written


@pytest.mark.data
@pytest.mark.parametrize("key", CASES)
def test_a_strategy_does_what_it_did(key: str, test_data: Path) -> None:
    stored = json.loads(place_of(key).read_text(encoding="utf-8"))
    found = written(key, run_case(key, test_data))
    for name in ("final_equity", "fees", "total_return", "cagr", "sharpe", "max_drawdown"):
        assert found.pop(name) == pytest.approx(stored.pop(name), rel=1e-9), name
    assert found == stored


@pytest.mark.parametrize("key", CASES)
def test_the_page_of_a_strategy_tells_its_baseline_in_both_languages(key: str) -> None:
    stored = json.loads(place_of(key).read_text(encoding="utf-8"))
    page = page_of(key).read_text(encoding="utf-8")
    assert with_table(page, stored) == page
    assert any("\u4e00" <= letter <= "\u9fff" for letter in page)
    for title in ("What it believes", "What it needs", "When it fails", "What it did"):
        assert f"\n## {title}\n" in page
    assert f"({page_of(key).name})" in (page_of(key).parent / "README.md").read_text(encoding="utf-8")
