"""Strategies that expect a move to go on."""
