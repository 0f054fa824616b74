"""Which strategies there are, what they believe, and the form of their parameters.

Reads the strategy files; announces nothing. Versions and entitlements move in with the strategy market.
"""
