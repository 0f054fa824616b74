"""Limits, the pre-trade check, the kill switch's state, and a log of what was refused and why.

Calls `positions`, `accounts`, `market`, `ledger`, `audit`; announces `risk.order_refused` and `risk.halt_changed`.
The numbers themselves are compared in `engine/risk`.
"""
