"""Answers in the shape of the baostock package, written by hand after its documentation: SH600519 for a few days."""

from typing import Any

_DAYS = [
    ("2024-06-17", "1555.0000", "1560.1000", "1550.0000", "1558.4300", "2130500", "1"),
    ("2024-06-18", "1558.4300", "1558.4300", "1558.4300", "1558.4300", "", "0"),
    ("2024-06-19", "1527.0000", "1535.5000", "1521.0000", "1530.0000", "2510000", "1"),
]
_MINUTES = [
    ("20240619093500000", "1527.0000", "1529.0000", "1526.0000", "1528.0000", "51000"),
    ("20240619113000000", "1528.0000", "1530.0000", "1527.5000", "1529.9000", "32000"),
    ("20240619130500000", "1529.9000", "1530.0000", "1529.0000", "1529.5000", "18000"),
]


class Answer:
    def __init__(self, fields: list[str], rows: list[tuple[str, ...]], code: str = "0") -> None:
        self.error_code, self.error_msg = code, "success" if code == "0" else "refused"
        self.fields, self._rows, self._at = fields, rows, -1

    def next(self) -> bool:
        self._at += 1
        return self._at < len(self._rows)

    def get_row_data(self) -> list[str]:
        return list(self._rows[self._at])


def login() -> Answer:
    print("login success!")  # the package prints on its own
    return Answer([], [])


def logout() -> Answer:
    print("logout success!")
    return Answer([], [])


def query_history_k_data_plus(
    code: str, fields: str, *, start_date: str, frequency: str, adjustflag: str, **more: Any
) -> Answer:
    assert adjustflag == "3"
    assert not more
    if code != "sh.600519":
        return Answer([], [], code="10004020")
    names = fields.split(",")
    rows = _DAYS if frequency in "dwm" else _MINUTES
    return Answer(names, [row[: len(names)] for row in rows if frequency not in "dwm" or row[0] >= start_date])


def query_adjust_factor(code: str, start_date: str) -> Answer:
    names = ["code", "dividOperateDate", "foreAdjustFactor", "backAdjustFactor", "adjustFactor"]
    rows = [
        (code, "2023-06-30", "0.981000", "1.015000", "1.015000"),
        (code, "2024-06-19", "1.000000", "1.035300", "1.035300"),
    ]
    return Answer(names, rows)


def query_dividend_data(code: str, year: str, yearType: str) -> Answer:  # noqa: N803
    assert yearType == "operate"
    names = ["code", "dividOperateDate", "dividCashPsBeforeTax", "dividStocksPs", "dividReserveToStockPs"]
    paid = {"2023": ("2023-06-30", "25.911"), "2024": ("2024-06-19", "30.876")}
    return Answer(names, [(code, *paid[year], "0.000000", "")] if year in paid else [])
