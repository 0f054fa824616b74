"""Strategies that would rather miss a rise than meet a fall."""
