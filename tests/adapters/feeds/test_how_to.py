"""The code in the guides about bars is code: it runs."""

import re
from pathlib import Path

import numpy as np
import pytest

from alphaloop.adapters.feeds import count_decimals, read_bar_file
from alphaloop.adapters.feeds.contract import Places
from alphaloop.core.errors import NotFoundError
from alphaloop.core.plugins import load_file

DOCS = Path(__file__).parents[3] / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_feed_of_the_guide_keeps_its_promises(tmp_path: Path) -> None:
    (code,) = blocks("add-a-feed.md", "python")
    file = tmp_path / "ticker.py"
    file.write_text(code, encoding="utf-8")
    feed = load_file(file, "ticker").make_feed(Places())
    assert feed.test({}).ok
    (item,) = feed.list_series({})
    table = feed.read({}, item.ref)
    assert (np.diff(table.ts) == 60_000).all()
    assert count_decimals(table.close) == table.price_decimals
    with pytest.raises(NotFoundError):
        feed.read({}, "other")


def test_the_file_of_the_guide_is_read_exactly(tmp_path: Path) -> None:
    (sample,) = blocks("bring-your-own-bars.md", "csv")
    (tmp_path / "BTCUSDT_1h.csv").write_text(sample, encoding="utf-8")
    table = read_bar_file(tmp_path / "BTCUSDT_1h.csv")
    assert (table.close[-1], table.price_decimals) == (61350.4, 2)
    assert table.volume.tolist() == [1250.13, 980.77]
