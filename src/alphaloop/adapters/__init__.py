"""Plugs to the outside world, one file per party; they know the engine's words and nothing of the rooms."""
