"""What may be wrong with the numbers of signals, asked in one walk: an array in between costs more than the asking."""

import numpy as np

from alphaloop.engine.panel import Floats, Ints
from alphaloop.engine.sim_compiled import compiled


@compiled
def is_infinite_in(values: Floats) -> bool:
    """Whether any of float64[M] is infinite; NaN is not."""
    found = False
    for i in range(len(values)):
        # Without a way out half-way several rows are compared at once.
        found |= abs(values[i]) == np.inf
    return found


@compiled
def is_unsaid(target: Floats, episode: Ints) -> bool:
    """Whether any row has a target and no episode, both [M]."""
    found = False
    for i in range(len(target)):
        found |= (target[i] == target[i]) & (episode[i] < 0)
    return found
