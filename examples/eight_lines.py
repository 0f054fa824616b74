"""From bars to a picture without a server: the S&P 500 of the installation, one strategy, a small sweep."""

import alphaloop as al

bars = al.lab.load("sample")
result = al.lab.backtest(bars, "reversion/bollinger", period=20, width=2.0, fee=0.0005)
print(result)
table = al.lab.sweep(bars, "reversion/bollinger", {"period": [10, 20, 40], "width": [1.5, 2.0, 2.5]}, fee=0.0005)
print(table.select("period", "width", "trades", "total_return", "sharpe", "max_drawdown"))
al.lab.plot(result).write_html("bollinger.html")
