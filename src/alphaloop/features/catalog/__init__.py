"""Which strategies there are, what they believe, and what is set of each: the library's, a person's own files, and what
a person configured on top of them, with versions, switches and schedules.

Reads the strategy files, one's own in a process of their own. Calls `accounts`, `market`, `audit`; announces nothing.
Entitlements move in with the strategy market.
"""
