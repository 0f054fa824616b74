"""Numbers that are meant to tell later winners from losers, causal, sourced, and blind to what is absent."""

from alphaloop.kernels.factors.catalogue import CATEGORIES, FACTORS, FROM_BARS, INPUTS, Factor, make_factor

__all__ = ["CATEGORIES", "FACTORS", "FROM_BARS", "INPUTS", "Factor", "make_factor"]
