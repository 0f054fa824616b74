"""The trading diary: every closed round trip becomes a draft that waits for its lesson.

Listens to `positions.trade_closed`; announces nothing yet.
"""
