"""Price columns for the indicator tests: positive walks, some with absent rows."""

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

Floats = npt.NDArray[np.float64]


def walk(n: int, seed: int, absent: float = 0.0) -> Floats:
    rng = np.random.default_rng(seed)
    prices = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, n)))
    prices[rng.random(n) < absent] = np.nan
    return prices


def walks(longest: int = 150) -> st.SearchStrategy[Floats]:
    return st.builds(walk, st.integers(0, longest), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1]))
