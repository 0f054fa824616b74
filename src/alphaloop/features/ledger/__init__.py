"""Money: double-entry books, balances as sums, and holds for what is promised but not yet spent.

Calls nobody but infra; announces nothing. Every other room that moves money posts here, in its own transaction.
"""
