"""What a perpetual's funding and marks lack beside its bars: where none is known, a replay would settle nothing and
liquidate by the last price, and say nothing of it."""

from collections.abc import Sequence
from itertools import pairwise

from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.features.market.health import Issue

# A contract may settle more often for a while, and an exchange stamps a settlement late; a lost one doubles the step.
_LATE = 1.5
_SAID = 5


def examine_funding(table: BarTable, times: Sequence[int], *, marked: bool) -> list[Issue]:
    """Stretches of the bars without settlements (`times`, epoch ms, ascending), the first few of them, and whether mark
    prices are `marked` at all."""
    if not len(table):
        return []
    first, last = int(table.ts[0]), int(table.ts[-1])
    found = [] if marked else [Issue("marks_missing", first, "no mark prices are known")]
    if not times:
        return [Issue("funding_missing", first, "no settlement is known"), *found]
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    usual = steps[len(steps) // 2] if steps else last - first
    known = [first, *(ts for ts in times if first < ts < last), last]
    gaps = [
        Issue("funding_missing", earlier, f"no settlement for {(later - earlier) // 3_600_000} hours")
        for earlier, later in pairwise(known)
        if later - earlier > _LATE * usual
    ]
    return [*gaps[:_SAID], *found]
