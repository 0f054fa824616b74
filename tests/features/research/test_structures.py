"""Kept structures: a continued state equals one begun anew, whatever happened in between."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import InvalidError
from alphaloop.features.market.service import BarStore, SeriesKey
from alphaloop.features.research.rows import LAYERS, tail_of
from alphaloop.features.research.structures import Structure, StructureBook
from tests.features.market.walks import MINUTE_MS, START_MS, walk

BTC = "BTC/USDT@binance"
KEY = SeriesKey(BTC, Timeframe.M1, "24x7", (Timeframe.M1,))
TABLE = walk(700, seed=5)


def ask(
    book: StructureBook, store: BarStore, as_of_ms: int | None = None, watcher: int | None = None
) -> Structure | None:
    return book.structure(store, KEY, config="CN-STRICT-1", as_of_ms=as_of_ms, watcher=watcher)


def same(one: Structure | None, two: Structure | None) -> bool:
    if one is None or two is None:
        return one is two
    layers = [tail_of(side.tables).rows for side in (one, two)]
    equal = all(layers[0][name].tobytes() == layers[1][name].tobytes() for name in LAYERS)
    return equal and np.array_equal(one.ts, two.ts) and one.close == two.close


@settings(max_examples=25, deadline=None)
@given(minutes=st.lists(st.integers(-2, 720), min_size=1, max_size=8))
def test_any_order_of_questions_gets_the_answer_of_that_moment(
    tmp_path_factory: pytest.TempPathFactory, minutes: list[int]
) -> None:
    store = BarStore(tmp_path_factory.getbasetemp() / "questions")
    if store.manifest(BTC, Timeframe.M1) is None:
        store.append(BTC, Timeframe.M1, TABLE)
    book = StructureBook()
    for minute in minutes:
        as_of = START_MS + minute * MINUTE_MS
        assert same(ask(book, store, as_of), ask(StructureBook(), store, as_of))


def test_bars_added_at_the_end_continue_and_bars_added_before_begin_anew(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE.cut(100, 300))
    first = ask(book, store)
    assert first is not None
    kept = next(iter(book._kept.values()))
    store.append(BTC, Timeframe.M1, TABLE.cut(300, 500))
    assert same(ask(book, store), ask(StructureBook(), store))
    assert next(iter(book._kept.values())) is kept
    store.append(BTC, Timeframe.M1, TABLE.cut(0, 100))
    begun = ask(book, store)
    assert same(begun, ask(StructureBook(), store))
    assert begun is not None
    assert len(begun.ts) == 500
    store.append(BTC, Timeframe.M1, walk(500, seed=6), replace_conflicts=True)
    assert same(ask(book, store), ask(StructureBook(), store))


def test_watchers_at_different_times_do_not_disturb_each_other(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE)
    early, late = START_MS + 200 * MINUTE_MS, START_MS + 600 * MINUTE_MS
    for _ in range(2):
        for watcher, as_of in ((1, early), (2, late), (None, None)):
            assert same(ask(book, store, as_of, watcher), ask(StructureBook(), store, as_of))
    assert len(book._kept) == 3


def test_only_so_many_states_are_kept(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook(kept=2)
    store.append(BTC, Timeframe.M1, TABLE)
    for watcher in range(5):
        ask(book, store, START_MS + 100 * MINUTE_MS, watcher)
    assert [name[3] for name in book._kept] == [3, 4]


def test_before_the_first_close_there_is_nothing_and_an_unknown_reading_is_refused(tmp_path: Path) -> None:
    store, book = BarStore(tmp_path), StructureBook()
    store.append(BTC, Timeframe.M1, TABLE)
    assert ask(book, store, START_MS) is None
    with pytest.raises(InvalidError, match="CN-STRICT-1"):
        book.structure(store, KEY, config="MINE", as_of_ms=None)
