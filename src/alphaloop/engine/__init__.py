"""The trading machine: pure and synchronous, the same code in backtest, paper and live."""
