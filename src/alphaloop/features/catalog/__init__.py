"""Which strategies there are, what they believe, and the form of their parameters: the library's and a person's own.

Reads the strategy files, one's own in a process of their own; announces nothing. Versions and entitlements move in with
the strategy market.
"""
