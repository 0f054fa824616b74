"""The money of an ex-date, by hand."""

from datetime import date
from decimal import Decimal

import pytest

from alphaloop.core.corporate import RAW, Adjustment, CorporateAction, Direction, parse_adjustment
from alphaloop.core.errors import InvalidError

D = Decimal
DAY = date(2024, 6, 19)
CENT = D("0.01")


def test_ten_shares_with_cash_three_bonus_and_two_rights_have_the_exchanges_reference_price() -> None:
    # 10派5元送3股配2股, 配股价 4.00; closed at 12.34.
    action = CorporateAction(DAY, cash=D("0.5"), bonus=D("0.3"), rights=D("0.2"), rights_price=D(4))
    assert round(action.reference_price(D("12.34")), 20) == round(D("12.64") / D("1.5"), 20)
    assert action.reference_price(D("12.34"), tick=CENT) == D("8.43")


def test_the_reference_price_rounds_half_up() -> None:
    assert CorporateAction(DAY, cash=D("0.005")).reference_price(D("10.00"), tick=CENT) == D("10.00")
    assert CorporateAction(DAY, bonus=D(1)).reference_price(D("10.01"), tick=CENT) == D("5.01")


def test_cash_and_whole_shares_are_due_and_a_short_position_owes_them() -> None:
    action = CorporateAction(DAY, cash=D("0.276"), bonus=D("0.3"))
    assert action.cash_due(D(1300)) == D("358.8")
    assert action.shares_due(D(105)) == 31
    assert action.cash_due(D(-100)) == D("-27.6")
    assert action.shares_due(D(-105)) == -31


def test_a_reverse_split_takes_shares_away() -> None:
    action = CorporateAction(DAY, bonus=D("-0.9"))
    assert action.shares_due(D(1000)) == -900
    assert action.reference_price(D("1.23")) == D("12.3")


def test_a_level_keeps_its_distance_by_ratio_and_its_difference_by_subtraction() -> None:
    action = CorporateAction(DAY, cash=D(1))
    assert action.rescale(D(9), close=D(10)) == D("8.1")
    assert action.rescale(D(9), close=D(10), by_ratio=False) == 8
    assert action.rescale(D("9.17"), close=D(10), tick=CENT) == D("8.25")
    with pytest.raises(InvalidError):
        action.rescale(D("0.5"), close=D(10), by_ratio=False)


@pytest.mark.parametrize("terms", [{"cash": D(-1)}, {"bonus": D(-1)}, {"rights": D("NaN")}, {"rights_price": D(-1)}])
def test_an_impossible_action_is_refused(terms: dict[str, Decimal]) -> None:
    with pytest.raises(InvalidError) as refused:
        CorporateAction(DAY, **terms)
    assert refused.value.code == "bad_corporate_action"


def test_a_dividend_above_the_price_has_no_reference() -> None:
    with pytest.raises(InvalidError):
        CorporateAction(DAY, cash=D(11)).reference_price(D(10))


@pytest.mark.parametrize(
    "key",
    ["none", "forward", "backward", "forward-sub", "backward-sub", "forward@2024-06-30", "forward-sub@2024-06-30"],
)
def test_an_adjustment_is_named_by_its_key(key: str) -> None:
    assert parse_adjustment(key).key == key


def test_the_key_says_everything() -> None:
    assert parse_adjustment("none") == RAW
    assert parse_adjustment("forward@2024-06-30") == Adjustment(Direction.FORWARD, as_of=date(2024, 6, 30))


@pytest.mark.parametrize(
    "text", ["", "qfq", "none-sub", "none@2024-06-30", "backward@2024-06-30", "forward@2024-13-01"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidError) as refused:
        parse_adjustment(text)
    assert refused.value.code == "unknown_adjustment"
