"""Indicators on float64 arrays: NaN until the warm-up is over, and a bar-by-bar twin wherever the value has memory."""
