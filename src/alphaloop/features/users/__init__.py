"""Users: who may come in and what they may do.

Owns users, profiles, roles, permissions, login families, refresh tokens and socket tickets. Calls `audit`.
Announces nothing yet: a changed right counts at the next request, because every request looks it up.
"""
