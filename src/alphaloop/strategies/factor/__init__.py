"""Strategies that compare shares by what they have in common."""
