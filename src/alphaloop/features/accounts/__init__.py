"""Trading accounts: what kind, in which mode, on whose clock, and who may reach them.

Calls `ledger` (opening money) and `audit`; announces `accounts.account_opened`.
"""
