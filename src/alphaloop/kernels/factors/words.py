"""What each factor is called and what it looks for: Chinese name, English name, Chinese meaning, English meaning."""

WORDS: dict[str, tuple[str, str, str, str]] = {
    "momentum": (
        "动量 12-1",
        "Momentum 12-1",
        "一年涨幅，略去最近一月",
        "a year's rise without its last month",
    ),
    "high_nearness": (
        "接近一年高点",
        "Near the year's high",
        "收盘价 ÷ 一年最高收盘",
        "close over the year's highest close",
    ),
    "steady_momentum": (
        "平稳动量",
        "Steady momentum",
        "涨得越平稳越高",
        "a rise in units of its own roughness",
    ),
    "rising_days": (
        "上涨天数",
        "Rising days",
        "上涨天数占比减下跌天数占比",
        "share of rising less falling days",
    ),
    "short_reversal": (
        "短期反转",
        "Short reversal",
        "最近一月跌得越多越高",
        "the last month's fall",
    ),
    "long_reversal": (
        "长期反转",
        "Long reversal",
        "三年跌幅，略去最近一年",
        "three years' fall without the last",
    ),
    "mean_gap": (
        "偏离均值",
        "Gap to the mean",
        "低于均线多少个标准差",
        "deviations below its mean",
    ),
    "rsi_gap": (
        "RSI 超卖",
        "RSI gap",
        "50 减 RSI",
        "50 less RSI",
    ),
    "max_return": (
        "最大单日涨幅（负）",
        "Largest step, negative",
        "最近一月没有暴涨的更高",
        "who has not just jumped",
    ),
    "illiquidity": (
        "非流动性 Amihud",
        "Amihud illiquidity",
        "每百万成交额推动的涨跌",
        "price moved per million traded",
    ),
    "turnover": (
        "换手率（负）",
        "Turnover, negative",
        "换手越少越高",
        "who trades least of its shares",
    ),
    "traded_value": (
        "成交额（负）",
        "Value traded, negative",
        "成交额越小越高",
        "who trades the least value",
    ),
    "volume_shock": (
        "放量",
        "Volume shock",
        "近五日成交额对比平时",
        "the last days' value against the usual",
    ),
    "obv_slope": (
        "OBV 斜率",
        "OBV slope",
        "涨日放量、跌日缩量则高",
        "value on rising less falling days",
    ),
    "book_to_market": (
        "账面市值比",
        "Book to market",
        "净资产 ÷ 市值",
        "book equity over market value",
    ),
    "earnings_yield": (
        "盈利收益率",
        "Earnings yield",
        "净利润 ÷ 市值",
        "earnings over market value",
    ),
    "size": (
        "规模（负）",
        "Size, negative",
        "市值越小越高",
        "the smaller the higher",
    ),
    "gross_profitability": (
        "毛利资产比",
        "Gross profitability",
        "毛利 ÷ 总资产",
        "gross profit over assets",
    ),
    "return_on_equity": (
        "净资产收益率",
        "Return on equity",
        "净利润 ÷ 净资产",
        "earnings over book equity",
    ),
    "asset_growth": (
        "资产增长（负）",
        "Asset growth, negative",
        "资产增长越慢越高",
        "who grows its assets least",
    ),
}
