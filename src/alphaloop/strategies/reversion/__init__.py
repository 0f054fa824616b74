"""Strategies that expect price to come back."""
