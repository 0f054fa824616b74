"""Reads a broker's statement (交割单) as its program exports it: CSV, or the tab-separated text that calls itself .xls;
GBK, UTF-8 or UTF-16; Chinese or English headers; lines before the header and totals after the rows.

A row that is a trade must be readable in full, else the file is refused by its line: half a statement books half a day.
"""

import csv
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from alphaloop.core.clock import to_ms
from alphaloop.core.errors import InvalidError
from alphaloop.core.money import EXACT, ZERO
from alphaloop.core.order import OrderSide

MAX_BYTES = 10 * 1024 * 1024
_HEADER_LINES = 20
_NAMES = {
    "date": "成交日期 交割日期 发生日期 日期 date trade_date",
    "time": "成交时间 发生时间 时间 time trade_time",
    "code": "证券代码 股票代码 代码 symbol code ticker",
    "side": "买卖标志 买卖方向 操作 业务名称 业务标志 委托类别 摘要 side action",
    "quantity": "成交数量 发生数量 成交股数 数量 quantity qty shares",
    "price": "成交均价 成交价格 成交价 均价 price",
    "fee_total": "费用合计 总费用 fee fees commission_total",
    "trade": "成交编号 成交序号 流水号 trade_id trade_no",
    "order": "合同编号 委托编号 委托序号 order_id",
}
# The first of these is the broker's own share; its parts are shown beside it by some and must not count twice.
_COMMISSION = ("手续费", "佣金", "commission")
_COMMISSION_PARTS = ("净佣金", "规费", "交易规费", "经手费", "证管费")
_DUTIES = ("印花税", "过户费", "其他费", "其他杂费", "其他费用", "结算费", "附加费")
_MEANING = {alias: name for name, aliases in _NAMES.items() for alias in aliases.split()}
_SIDES = (("买", OrderSide.BUY), ("卖", OrderSide.SELL), ("buy", OrderSide.BUY), ("sell", OrderSide.SELL))
# Moves of shares and cash that no order made, although their names speak of buying or selling.
_NO_TRADE = re.compile("申购|中签|配号|撤单|红股|红利|股息|新股入账|回购到期|逆回购|转托管|银证|利息")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_REASONS = {
    "unreadable": "it is no statement this program can read",
    "no_such_column": "a column is missing",
    "not_a_number": "a number cannot be read",
    "bad_time": "the time cannot be read",
    "not_positive": "quantity and price must be above zero",
    "too_large": "it is larger than 10 MB",
}


@dataclass(frozen=True, slots=True)
class StatementTrade:
    """One trade as the broker wrote it. `code` is the broker's own spelling, `trade_id` unique in the statement and the
    same whenever this trade is exported again; `fee` is everything the broker took."""

    trade_id: str
    code: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    fee: Decimal
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The trades of a file by time, and how many rows were none (dividends, transfers, totals)."""

    trades: tuple[StatementTrade, ...]
    skipped: int


def read_statement(raw: bytes, *, zone: str = "Asia/Shanghai") -> Statement:
    """The trades of a broker's file. `zone` is whose clock its times are on. InvalidError 'bad_statement' names the
    first bad line."""
    if len(raw) > MAX_BYTES:
        raise _bad("file", "too_large")
    lines = _decoded(raw).splitlines()
    places, fees, first, separator = _header(lines)
    trades, skipped, seen = [], 0, Counter[str]()
    for number, cells in enumerate(csv.reader(lines[first:], delimiter=separator), first + 1):
        row = [_plain(cell) for cell in cells]
        if not any(row):
            continue
        side = _side(row[places["side"]]) if len(row) > places["side"] else None
        if side is None or not _cell(row, places, "code"):
            skipped += 1
            continue
        trades.append(_trade(row, places, fees, side=side, zone=ZoneInfo(zone), where=f"line {number}", seen=seen))
    return Statement(tuple(sorted(trades, key=lambda trade: trade.ts_ms)), skipped)


def _decoded(raw: bytes) -> str:
    encodings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _bad("file", "unreadable")


def _header(lines: list[str]) -> tuple[dict[str, int], list[int], int, str]:
    """(place of each column, places of the fees, first row after the header, separator)."""
    for number, line in enumerate(lines[:_HEADER_LINES]):
        separator = max("\t,;|", key=line.count)
        names = [_plain(name).lower() for name in next(csv.reader([line], delimiter=separator), [])]
        places: dict[str, int] = {}
        for at, name in enumerate(names):
            if name in _MEANING:
                places.setdefault(_MEANING[name], at)
        if {"side", "quantity", "price"} <= places.keys():
            for needed in ("date", "code"):
                if needed not in places:
                    raise _bad(f"column {needed}", "no_such_column")
            return places, _fee_places(names), number + 1, separator
    raise _bad("file", "unreadable")


def _fee_places(names: list[str]) -> list[int]:
    own = [name for name in _COMMISSION if name in names][:1] or [name for name in _COMMISSION_PARTS if name in names]
    return [names.index(name) for name in (*own, *(name for name in _DUTIES if name in names))]


def _plain(cell: str) -> str:
    """A cell without the dress of spreadsheets: ="600519" keeps its zeros there, and '600519 too."""
    return cell.strip().removeprefix("=").strip('"').removeprefix("'").strip()


def _side(text: str) -> OrderSide | None:
    if _NO_TRADE.search(text):
        return None
    return next((side for word, side in _SIDES if word in text.lower()), None)


def _trade(
    row: list[str],
    places: dict[str, int],
    fees: list[int],
    *,
    side: OrderSide,
    zone: ZoneInfo,
    where: str,
    seen: Counter[str],
) -> StatementTrade:
    quantity = abs(_number(_cell(row, places, "quantity"), where))
    price = _number(_cell(row, places, "price"), where)
    if quantity == ZERO or price <= ZERO:
        raise _bad(where, "not_positive")
    fee = ZERO
    for at in [places["fee_total"]] if "fee_total" in places else fees:
        fee = EXACT.add(fee, abs(_number(row[at] if at < len(row) else "", where)))
    moment = _moment(_cell(row, places, "date"), _cell(row, places, "time"), zone, where)
    code = _cell(row, places, "code").upper()
    stated = _cell(row, places, "trade")
    if stated.strip("0"):
        name = f"{moment:%Y%m%d}-{stated}"[:60]
    else:
        words = "|".join([str(moment), code, side, str(quantity), str(price), _cell(row, places, "order")])
        name = hashlib.sha256(words.encode()).hexdigest()[:24]
    # Two fills may be alike to the last digit: they are told apart by their order in the file.
    seen[name] += 1
    name = name if seen[name] == 1 else f"{name}.{seen[name]}"
    return StatementTrade(name, code, side, quantity, price, fee, to_ms(moment))


def _cell(row: list[str], places: dict[str, int], name: str) -> str:
    at = places.get(name)
    return row[at] if at is not None and at < len(row) else ""


def _number(text: str, where: str) -> Decimal:
    text = text.replace(",", "")
    if text in ("", "-", "--"):
        return ZERO
    if not _NUMBER.fullmatch(text):
        raise _bad(where, "not_a_number")
    return Decimal(text)


def _moment(day: str, clock: str, zone: ZoneInfo, where: str) -> datetime:
    """Local time of a trade; a statement without times says the day alone, and the close of it stands for the rest."""
    digits = re.sub(r"\D", "", day)
    hours = re.sub(r"\D", "", clock) or re.sub(r"\D", "", day.partition(" ")[2]) or "150000"
    hours = hours.zfill(6)[:6] if len(hours) != 4 else hours + "00"
    try:
        return datetime.strptime(digits[:8] + hours, "%Y%m%d%H%M%S").replace(tzinfo=zone)
    except ValueError:
        raise _bad(where, "bad_time") from None


def _bad(where: str, code: str) -> InvalidError:
    return InvalidError(
        f"{where[:1].upper()}{where[1:]}: {_REASONS[code]}.", code="bad_statement", fields=((where, code),)
    )
