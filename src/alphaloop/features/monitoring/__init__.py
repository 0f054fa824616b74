"""Whether the parts of the platform are well, and how far long work has come.

Reads infra only; announces nothing.
"""
