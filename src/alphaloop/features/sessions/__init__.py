"""Strategies running on accounts, and the replays they may run in.

Calls `signals`, `orders`, `catalog`, `positions`, `accounts`, `market`, `audit`; announces `sessions.session_changed`
and `sessions.replay_changed`. The worker drives it bar by bar.
"""
