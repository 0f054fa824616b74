"""Answers in the shape of the akshare package, written by hand after its documentation."""

from typing import Any

import pandas as pd


def stock_zh_a_hist(symbol: str, period: str, start_date: str, adjust: str) -> Any:
    assert (symbol, adjust) == ("600519", "")
    return pd.DataFrame(
        {
            "日期": [pd.Timestamp("2024-06-18").date(), pd.Timestamp("2024-06-19").date()],
            "股票代码": ["600519", "600519"],
            "开盘": [1555.0, 1527.0],
            "收盘": [1558.43, 1530.0],
            "最高": [1560.1, 1535.5],
            "最低": [1550.0, 1521.0],
            "成交量": [21305, 25100],
            "成交额": [3.3e9, 3.8e9],
        }
    )


def stock_zh_a_hist_min_em(symbol: str, period: str, adjust: str) -> Any:
    return pd.DataFrame(
        {
            "时间": ["2024-06-19 10:00:00", "2024-06-19 10:30:00", "2024-06-19 13:30:00"],
            "开盘": [1527.0, 1528.0, 1529.0],
            "收盘": [1528.0, 1529.0, 1530.0],
            "最高": [1529.0, 1530.0, 1531.0],
            "最低": [1526.0, 1527.0, 1528.0],
            "成交量": [510, 320, 180],
        }
    )


def stock_hk_hist(symbol: str, period: str, start_date: str, adjust: str) -> Any:
    raise ValueError("a page has changed")
