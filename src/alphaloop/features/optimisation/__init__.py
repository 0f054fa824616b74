"""The optimisation room: searches for better parameters, run as jobs over several cores, and every trial of them.

It owns searches and trials, of which each is stored as soon as it was run: a search that stopped goes on from there. It
asks backtests what a run needs, and announces nothing: how a search fares is its job's word.
"""
