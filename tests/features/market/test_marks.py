"""Mark prices read for bars and for settlements."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from alphaloop.core.bar import Bar, Timeframe
from alphaloop.engine.margin import Mark
from alphaloop.features.market.marks import Marks, read_marks
from alphaloop.features.market.store import BarStore
from tests.builders import BTC_PERP, START_MS, D, bar, table_of

QUARTER = 900_000
# Two quarters to each half hour of `bar`.
TOLD = [("100", "103", "99.5"), ("101", "102", "98"), ("100.5", "104", "97"), ("97", "99", "90.25")]


def quarters() -> list[Bar]:
    made = []
    for n, (opened, high, low) in enumerate(TOLD):
        one = bar(0, open=opened, high=high, low=low, instrument=BTC_PERP)
        ts = START_MS + n * QUARTER
        made.append(replace(one, timeframe=Timeframe.M15, ts_ms=ts, close_ms=ts + QUARTER))
    return made


def test_a_perpetual_without_marks_has_none(store: BarStore) -> None:
    assert read(store) == Marks()
    assert Marks().over(bar(0, open=100)) is None


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore(tmp_path)


def read(store: BarStore, timeframe: Timeframe = Timeframe.M30) -> Marks:
    return read_marks(store, BTC_PERP.symbol, timeframe, since_ts=START_MS)


def test_the_mark_over_a_bar_is_that_of_its_finer_marks(store: BarStore) -> None:
    store.marks.append(BTC_PERP.symbol, Timeframe.M15, table_of(quarters()))
    marks = read(store)
    assert marks.over(bar(0, open=100)) == Mark(D(100), D(98), D(103))
    assert marks.over(bar(1, open=100)) == Mark(D("100.5"), D("90.25"), D(104))
    assert marks.at(START_MS + QUARTER) == Decimal(101)
    assert marks.at(START_MS + 1) is None


def test_a_bar_whose_marks_have_a_gap_has_none(store: BarStore) -> None:
    store.marks.append(BTC_PERP.symbol, Timeframe.M15, table_of(quarters()[:3]))
    marks = read(store)
    assert marks.over(bar(0, open=100)) is not None
    assert marks.over(bar(1, open=100)) is None
    assert marks.over(bar(2, open=100)) is None


def test_marks_of_longer_bars_serve_settlements_alone(store: BarStore) -> None:
    long = replace(bar(0, open=100, instrument=BTC_PERP), timeframe=Timeframe.H4)
    store.marks.append(BTC_PERP.symbol, Timeframe.H4, table_of([long]))
    marks = read(store)
    assert marks.over(bar(0, open=100)) is None
    assert marks.at(START_MS) == 100


def test_marks_are_never_taken_for_bars(store: BarStore) -> None:
    store.marks.append(BTC_PERP.symbol, Timeframe.M15, table_of(quarters()))
    assert store.manifest(BTC_PERP.symbol, Timeframe.M15) is None
    assert store.stored_series() == []
