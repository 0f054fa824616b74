"""Audit: who did what, when, from where, and whether it was allowed; rows are sealed into a chain and never change.

Owns `audit_logs` and `audit_heads`. Calls nobody. Announces nothing: it is written in the transaction it describes.
"""
