"""Strategies that move between parts of the economy."""
