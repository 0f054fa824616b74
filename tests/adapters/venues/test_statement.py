"""Brokers' statements in the dresses they come in; every trade is read whole or the file is refused."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from alphaloop.adapters.venues._statement import read_statement
from alphaloop.core.clock import to_ms
from alphaloop.core.errors import InvalidError

D = Decimal
SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADER = "成交日期,成交时间,证券代码,证券名称,操作,成交数量,成交均价,成交金额,手续费,印花税,过户费,合同编号,成交编号"
BUY = "20240619,09:31:05,600519,贵州茅台,证券买入,100,1527.000,152700.00,45.81,0.00,1.53,A0001,10001"
SELL = "20240619,14:20:00,000001,平安银行,证券卖出,-300,10.250,3075.00,5.00,1.54,0.03,A0002,10002"


def test_a_chinese_statement_is_read_with_every_fee() -> None:
    found = read_statement("\n".join([HEADER, BUY, SELL]).encode("gb18030"))
    first, second = found.trades
    assert (first.code, first.side, first.quantity, first.price) == ("600519", "BUY", 100, D("1527.000"))
    assert first.fee == D("47.34")
    assert first.ts_ms == to_ms(datetime(2024, 6, 19, 9, 31, 5, tzinfo=SHANGHAI))
    assert first.trade_id == "20240619-10001"
    assert (second.side, second.quantity, second.fee) == ("SELL", 300, D("6.57"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_text_that_calls_itself_xls_is_read_in_any_encoding(encoding: str) -> None:
    dressed = "\n".join(["历史成交 客户 1234", "", HEADER, BUY.replace("600519", '="600519"'), "合计,,,,,100"])
    found = read_statement(dressed.replace(",", "\t").encode(encoding))
    assert [trade.code for trade in found.trades] == ["600519"]
    assert found.skipped == 1


def test_an_english_statement_is_read_on_its_own_clock() -> None:
    text = 'Date,Time,Symbol,Side,Quantity,Price,Fee,Trade_ID\n2024-06-18,10:00:00,AAPL,Buy,10,"1,200.5",1.25,T-9\n'
    (trade,) = read_statement(text.encode(), zone="America/New_York").trades
    assert trade.price == D("1200.5")
    assert trade.ts_ms == to_ms(datetime(2024, 6, 18, 10, tzinfo=ZoneInfo("America/New_York")))


@pytest.mark.parametrize("word", ["红利入账", "新股申购", "银证转出", "买入撤单", "融券回购到期", "合计"])
def test_what_is_no_trade_is_skipped(word: str) -> None:
    found = read_statement("\n".join([HEADER, BUY.replace("证券买入", word)]).encode())
    assert (found.trades, found.skipped) == ((), 1)


def test_trades_without_numbers_keep_their_name_whenever_they_are_exported_again() -> None:
    def names(*rows: str) -> list[str]:
        return [trade.trade_id for trade in read_statement("\n".join([HEADER, *rows]).encode()).trades]

    bare = BUY.rsplit(",", 1)[0] + ",0"
    once, longer = names(bare, bare), names(bare, bare, SELL)
    assert len(set(once)) == 2
    assert longer[:2] == once


def test_the_brokers_share_is_counted_once_when_its_parts_stand_beside_it() -> None:
    header = HEADER.replace("手续费", "佣金,净佣金,规费")
    row = BUY.replace("45.81", "45.81,40.00,5.81")
    (trade,) = read_statement("\n".join([header, row]).encode()).trades
    assert trade.fee == D("47.34")


@pytest.mark.parametrize(
    ("bad", "where", "code"),
    [
        (BUY.replace("1527.000", "一千"), "line 2", "not_a_number"),
        (BUY.replace("20240619", "20241399"), "line 2", "bad_time"),
        (BUY.replace(",100,", ",0,"), "line 2", "not_positive"),
        (BUY.replace("1527.000", "-1"), "line 2", "not_positive"),
    ],
)
def test_half_a_statement_is_never_booked(bad: str, where: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_statement("\n".join([HEADER, bad, SELL]).encode())
    assert (refused.value.code, refused.value.fields) == ("bad_statement", ((where, code),))


@pytest.mark.parametrize(
    "raw", [b"", b"a,b\n1,2\n", b"\x00\x01\x02", b"PK\x03\x04" + b"\0" * 50, "成交日期,操作\n".encode()]
)
def test_what_is_no_statement_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidError):
        read_statement(raw)
