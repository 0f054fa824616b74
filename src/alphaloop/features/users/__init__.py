"""Users: who may come in and what they may do.

Owns users, profiles, roles, permissions, login families, refresh tokens and socket tickets. Calls `audit`.
Announces `users.user_added`; a changed right needs no event, because every request looks it up.
"""
