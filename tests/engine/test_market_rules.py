"""Rule files: read once, refused when they contradict themselves, and asked by board and day."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.order import OrderSide
from alphaloop.engine.day_rules import Band, DayRules
from alphaloop.engine.market_rules import all_markets, find_market, parse_market, rules_on

D = Decimal
HEAD = """
market = "test"
title = { zh = "测", en = "test" }
classes = ["EQUITY"]
currency = "CNY"
calendar = "XSHG"
[[board]]
key = "main"
title = { zh = "主板", en = "main" }
"""


def share(symbol: str, **more: str) -> Instrument:
    code = symbol.partition("@")[0]
    return Instrument(symbol, AssetClass.EQUITY, code, "CNY", D("0.01"), D(100), D(0), "XSHG", **more)  # type: ignore[arg-type]


MAIN = share("600000@XSHG")
DAY = date(2024, 5, 6)


def test_every_file_that_ships_can_be_read_and_says_where_each_rule_is_written() -> None:
    for market in all_markets().values():
        assert market.title.keys() == {"zh", "en"}
        for kind, many in market.rules.items():
            for dated in many:
                assert dated.source.strip(), (market.market, kind)


def test_the_page_counts_every_rule_that_is_not_confirmed() -> None:
    page = (Path(__file__).parents[2] / "docs/concepts/markets.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(\w+)` \| (\d+) of (\d+) \|", page, re.MULTILINE))
    counted = set()
    for key, market in all_markets().items():
        records = [dated for many in market.rules.values() for dated in many]
        unsure = sum(not dated.confirmed for dated in records)
        if unsure:
            counted.add((key, str(unsure), str(len(records))))
    assert told == counted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[lot]]\nfrom = 2020-01-01\nsource = "s"\nminimum = "1"\nstep = "1"\nunits = 3', "unknown key units"),
        ('[[lot]]\nsource = "s"\nminimum = "1"', "no 'from'"),
        ('[[lot]]\nfrom = 2020-01-01\nminimum = "1"', "no 'source'"),
        ('[[lot]]\nfrom = 2020-01-01\nsource = "s"\nminimum = 0.1', "written as text"),
        ('[[lot]]\nfrom = 2020-01-01\nto = 2019-01-01\nsource = "s"', "no span"),
        ('[[lot]]\nfrom = 2020-01-01\nsource = "s"\nboards = ["side"]', "unknown board side"),
        ('[[limit]]\nfrom = 2020-01-01\nsource = "s"\nup = "0.1"', "lacks down"),
        (
            '[[lot]]\nfrom = 2020-01-01\nsource = "s"\n[[lot]]\nfrom = 2021-01-01\nsource = "s"',
            "hold at once from 2021-01-01",
        ),
        ("[[lot", "not TOML"),
    ],
)
def test_a_file_that_is_wrong_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(InvalidError, match=why) as refused:
        parse_market(HEAD + text)
    assert refused.value.code == "bad_market_file"


def test_a_rule_holds_on_its_last_day_and_not_on_the_next() -> None:
    text = '[[limit]]\nfrom = 2020-01-01\nto = 2020-06-30\nsource = "s"\nup = "0.1"\ndown = "0.1"'
    market = parse_market(HEAD + text)
    assert market.on("main", date(2020, 6, 30)).limit is not None
    assert market.on("main", date(2020, 7, 1)).limit is None
    assert market.changes("main") == [date(2020, 1, 1), date(2020, 7, 1)]


@pytest.mark.parametrize(
    ("symbol", "board"),
    [
        ("600519@XSHG", "main"),
        ("688981@XSHG", "star"),
        ("300750@XSHE", "chinext"),
        ("000001@XSHE", "main"),
        ("830799@XBSE", "bse"),
        ("511880@XSHG", "fund_t0"),
        ("518880@XSHG", "fund_t0"),
        ("510300@XSHG", "fund"),
        ("113050@XSHG", "convertible"),
    ],
)
def test_a_code_tells_its_board(symbol: str, board: str) -> None:
    assert rules_on(share(symbol), DAY).board == board


def test_an_instrument_may_state_its_board_and_an_unknown_one_is_refused() -> None:
    assert rules_on(share("600000@XSHG", board="main_st"), DAY).limit.up == D("0.05")  # type: ignore[union-attr]
    with pytest.raises(InvalidError, match="no board called"):
        rules_on(share("600000@XSHG", board="moon"), DAY)
    with pytest.raises(InvalidError, match="no market called"):
        rules_on(share("600000@XSHG", market="moon"), DAY)


def test_a_share_at_an_unknown_place_has_no_market() -> None:
    assert find_market(share("600000@NOWHERE")) is None
    assert rules_on(share("600000@NOWHERE"), DAY).market == ""


@pytest.mark.parametrize(
    ("symbol", "day", "up"),
    [
        ("300750@XSHE", date(2020, 8, 21), "0.10"),
        ("300750@XSHE", date(2020, 8, 24), "0.20"),
        ("600000@XSHG", date(1996, 12, 13), None),
        ("600000@XSHG", date(1996, 12, 16), "0.10"),
        ("830799@XBSE", date(2021, 11, 15), "0.30"),
    ],
)
def test_price_limits_follow_the_date(symbol: str, day: date, up: str | None) -> None:
    limit = rules_on(share(symbol), day).limit
    assert (limit.up if limit else None) == (D(up) if up else None)


def test_limits_are_rounded_half_up_to_the_tick_and_leave_at_least_one() -> None:
    rules = rules_on(MAIN, DAY)
    assert rules.band(D("10.05")) == Band(D("9.05"), D("11.06"))  # 9.045 and 11.055
    assert rules.band(D("0.03")) == Band(D("0.02"), D("0.04"))  # 0.027 and 0.033 round to 0.03 itself
    assert rules.band(D("0.01")) == Band(D("0.01"), D("0.02"))


def test_an_odd_remainder_sells_only_whole() -> None:
    rules = rules_on(MAIN, DAY)
    allowed = [quantity for quantity in range(1, 251) if rules.fits(OrderSide.SELL, D(quantity), D(250))]
    assert allowed == [50, 100, 150, 200, 250]
    assert [rules.floor_sale(D(q), D(250)) for q in (49, 99, 149, 249, 300)] == [0, 50, 100, 200, 250]


def test_the_science_board_takes_two_hundred_and_more_by_single_shares() -> None:
    rules = rules_on(share("688981@XSHG"), DAY)
    assert [rules.floor_quantity(D(q)) for q in (199, 200, 201)] == [0, 200, 201]
    assert rules.fits(OrderSide.SELL, D(150), D(150))
    assert not rules.fits(OrderSide.SELL, D(150), D(400))
    assert not rules.fits(OrderSide.BUY, D(100_001), D(0))


@pytest.mark.parametrize(
    ("side", "day", "fee"),
    [
        # 1 000 shares at 20: 5.00 commission, 0.20 transfer fee, and when selling 10.00 stamp duty.
        (OrderSide.BUY, date(2024, 5, 6), "5.20"),
        (OrderSide.SELL, date(2024, 5, 6), "15.20"),
        # Before 2023-08-28 the duty was 1 in 1000, before 2022-04-29 the transfer fee 0.02.
        (OrderSide.SELL, date(2023, 8, 25), "25.20"),
        (OrderSide.SELL, date(2022, 4, 28), "25.40"),
        # In 2008 both sides paid until 18 September, and nobody has told us the transfer fee of then.
        (OrderSide.BUY, date(2008, 9, 18), "25.00"),
        (OrderSide.BUY, date(2008, 9, 19), "5.00"),
    ],
)
def test_fees_follow_the_date(side: OrderSide, day: date, fee: str) -> None:
    total = rules_on(MAIN, day).fee(side, quantity=D(1000), notional=D(20_000), broker_rate=D("0.00025"))
    assert total == D(fee)


def test_what_cash_buys_is_paid_with_all_its_fees() -> None:
    rules, rate = rules_on(MAIN, DAY), D("0.00025")
    for cash in range(900, 40_000, 371):
        quantity = rules.affordable(D(cash), D("9.99"), rate)
        assert quantity % 100 == 0
        assert quantity == 0 or rules.cost(OrderSide.BUY, quantity, D("9.99"), rate) <= cash


def test_without_a_market_an_instrument_keeps_its_own_grid() -> None:
    rules = DayRules("", "").of(MAIN)
    assert (rules.floor_quantity(D(250)), rules.tick_at(D(5)), rules.band(D(10))) == (D(200), D("0.01"), None)


@pytest.mark.parametrize(
    ("day", "fee"),
    [
        # FINRA's fee on 10 000 shares, rounded up to the cent; the SEC took nothing before its table here begins.
        (date(2012, 2, 29), "0.90"),
        (date(2012, 3, 1), "0.95"),
        (date(2012, 7, 2), "1.19"),
        # 10 000 dollars at 22.90, then 8.00 a million, with 1.30 and 1.45 for the shares.
        (date(2022, 5, 16), "1.53"),
        (date(2023, 2, 27), "1.53"),
    ],
)
def test_what_american_sellers_pay_follows_the_date(day: date, fee: str) -> None:
    stock = Instrument("F@XNYS", AssetClass.EQUITY, "F", "USD", D("0.01"), D(1), D(0), "XNYS")
    assert rules_on(stock, day).fee(OrderSide.SELL, quantity=D(10_000), notional=D(10_000), broker_rate=D(0)) == D(fee)


def test_index_futures_asked_for_more_margin_before_september_2014() -> None:
    future = Instrument("IF2409@CFFEX", AssetClass.FUTURE, "IF2409", "CNY", D("0.2"), D(300), D(0), "CN-DAY")
    shares = [rules_on(future, day).initial_share(D(100)) for day in (date(2014, 8, 29), date(2014, 9, 1))]
    assert shares == [D("0.12"), D("0.08")]
