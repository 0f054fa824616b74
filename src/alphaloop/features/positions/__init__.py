"""What each account holds and is worth: positions from fills, marks, cash flows, equity points and daily snapshots.

Calls `ledger` and `accounts`; announces `positions.position_changed` and `positions.trade_closed`.
"""
