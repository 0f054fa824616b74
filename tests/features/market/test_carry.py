"""Funding and marks over the rows of a backtest."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from alphaloop.core.bar import Timeframe
from alphaloop.features.market.carry import carry_over
from alphaloop.features.market.marks import Marks, read_marks
from alphaloop.features.market.service import Settlement
from alphaloop.features.market.store import BarStore
from tests.builders import BTC_PERP, START_MS, STEP_MS, D, bar, table_of
from tests.features.market.test_marks import quarters

BARS = [bar(n, open=100, high=110, low=95, instrument=BTC_PERP) for n in range(4)]
TABLE, CLOSES = table_of(BARS), np.array([one.close_ms for one in BARS])


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    """Quarters over the first two half hours, of which the second lacks its end."""
    store = BarStore(tmp_path)
    store.marks.append(BTC_PERP.symbol, Timeframe.M15, table_of(quarters()[:3]))
    return read_marks(store, BTC_PERP.symbol, Timeframe.M30, since_ts=START_MS)


def at(half_hours: float, rate: str, mark: Decimal | None = None) -> Settlement:
    return Settlement(START_MS + int(half_hours * STEP_MS), D(rate), mark)


def test_rows_with_whole_marks_have_them_and_others_their_own_prices(marks: Marks) -> None:
    carry = carry_over(TABLE, CLOSES, marks, [])
    assert carry.mark.T.tolist() == [[100, 98, 103], *([[100, 95, 110]] * 3)]
    for row, one in enumerate(BARS):
        told = marks.over(one)
        if told is not None:
            assert carry.mark[:, row].tolist() == [float(price) for price in told]
    assert not carry.funding.any()


def test_a_settlement_belongs_to_the_first_row_that_opens_with_or_after_it(marks: Marks) -> None:
    settled = [at(-1, "0.5"), at(1, "0.0001"), at(1.5, "0.0002"), at(2, "0.0004"), at(9, "0.5")]
    assert carry_over(TABLE, CLOSES, marks, settled).funding.tolist() == pytest.approx([0, 0.0001, 0.0006, 0])


def test_the_mark_that_comes_with_a_rate_is_the_rows_open(marks: Marks) -> None:
    carry = carry_over(TABLE, CLOSES, marks, [at(0, "0.0001", D(97)), at(3, "0.0001", D(120))])
    assert carry.mark.T.tolist() == [[97, 97, 103], [100, 95, 110], [100, 95, 110], [120, 95, 120]]
