"""Strategies on Chan structure."""
