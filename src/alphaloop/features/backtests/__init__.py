"""The backtests room: strategies over stored series, run as jobs in processes of their own, and what they showed.

It owns the runs and their reports. It asks the market room for bars, rules and ex-dates, and announces nothing: how a
run fares is its job's word.
"""
