"""A universe as of its days: nobody is bought before joining or kept after leaving, and who is missing is said."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError
from alphaloop.lab.universe import read_universe
from tests.lab.universes import flat

OWN = """
from dataclasses import dataclass
import numpy as np
from alphaloop.engine.strategy import Signals, mark_episodes
CATEGORY = "trend_following"
LABEL = SUMMARY = {"zh": "全部持有", "en": "Hold all"}


@dataclass(frozen=True)
class Params:
    pass


def warmup(params):
    return 0


def needs(params):
    return []


def evaluate(panel, params):
    target = np.where(panel.member, 0.2, np.nan)
    return Signals(target, mark_episodes(target))
"""
TABLE = pl.DataFrame(
    {
        "Symbol": ["OLD", "NEW", "GONE", "GONE", "DEAD", "NEVER"],
        "from": ["2020-01-01", "2020-01-11", "2020-01-01", "2020-01-21", "2020-01-01", "2020-01-01"],
        "to": ["", "", "2020-01-10", None, "2020-01-15", ""],
        "delisted": [None, None, None, None, "2020-01-16", None],
    }
)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "hold_all.py"
    path.write_text(OWN, encoding="utf-8")
    return path


@pytest.fixture
def bars() -> list[al.lab.LabBars]:
    return [flat(name, 15 if name == "DEAD" else 30) for name in ("OLD", "NEW", "GONE", "DEAD", "OTHER")]


def held(result: al.lab.LabResult, name: str) -> np.ndarray:
    """Units held after each row."""
    made = np.zeros(len(result.panel.ts_ms))
    chosen = result.fills.column == result.panel.names.index(name)
    np.add.at(made, result.fills.row[chosen], result.fills.quantity[chosen])
    return np.round(np.cumsum(made), 6)


def test_members_are_held_on_their_own_days_alone(own: Path, bars: list[al.lab.LabBars]) -> None:
    result = al.backtest(al.load(bars, universe=TABLE), own)
    days = {name: np.flatnonzero(held(result, name)).tolist() for name in result.panel.names}
    # Decided at one close, done at the next open: the last day's decision to leave comes on the first day outside.
    assert days["OLD"] == list(range(1, 30))
    assert days["NEW"] == list(range(11, 30))
    assert days["GONE"] == [*range(1, 11), *range(21, 30)]
    assert days["OTHER"] == []
    assert al.backtest(bars, own).run_id != result.run_id


def test_the_result_says_who_is_missing_delisted_or_ends(own: Path, bars: list[al.lab.LabBars]) -> None:
    result = al.backtest(al.load(bars, universe=TABLE), own)
    found = result.coverage
    assert found is not None
    assert found.absent == ("NEVER",)
    assert found.delisted == {"DEAD": "2020-01-16"}
    assert found.ended == {}
    assert found.outside == ("OTHER",)
    told = str(result)
    assert "Members without bars (1): NEVER." in told
    assert "Delisted (1): DEAD on 2020-01-16." in told
    assert "Still held at the last price after the bars ended: DEAD." in told
    silent = al.load(bars, universe=TABLE.drop("delisted")).coverage
    assert silent is not None
    assert silent.ended == {"DEAD": "2020-01-15"}
    assert al.load(bars).coverage is None


def test_a_sweep_keeps_to_the_universe_too(bars: list[al.lab.LabBars]) -> None:
    kept = al.load([flat(name, 120) for name in ("OLD", "NEW")], universe=TABLE)
    grid = {"fast": [5], "slow": [10, 20]}
    rows = al.sweep(kept, "trend/golden_cross", grid)
    for row in rows.iter_rows(named=True):
        one = al.backtest(kept, "trend/golden_cross", fast=row["fast"], slow=row["slow"])
        assert one.metrics["final_equity"] == row["final_equity"]


def test_memberships_are_read_from_files_with_other_names(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(
        "代码,纳入日期,剔除日期\nA,20200101,20200131\nB,20200201,\n", encoding="utf-8"
    )
    found = read_universe(tmp_path / "members.csv")
    ts = np.array([1_577_836_800_000, 1_580_428_800_000, 1_580_515_200_000])
    np.testing.assert_array_equal(found.members(["A", "B"], ts), [[True, False], [True, False], [False, True]])


@pytest.mark.parametrize(
    ("table", "code", "field"),
    [
        (TABLE.drop("Symbol"), "bad_universe", "column symbol"),
        (TABLE.drop("from"), "bad_universe", "column from"),
        (pl.DataFrame({"symbol": ["A"], "from": ["soon"]}), "bad_bars", "row 0"),
        (pl.DataFrame({"symbol": ["A"], "from": ["2020-01-02"], "to": ["2020-01-01"]}), "bad_bars", "row 0"),
        (pl.DataFrame({"symbol": [None], "from": ["2020-01-02"]}), "bad_bars", "row 0"),
    ],
)
def test_a_broken_table_of_memberships_is_refused(table: pl.DataFrame, code: str, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_universe(table)
    assert refused.value.code == code
    assert refused.value.fields[0][0] == field
