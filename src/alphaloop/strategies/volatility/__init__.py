"""Strategies that trade how much prices move rather than where to."""
