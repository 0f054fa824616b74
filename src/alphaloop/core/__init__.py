"""The words of trading: money, time, instruments, bars, orders, fills and errors. Standard library only."""
