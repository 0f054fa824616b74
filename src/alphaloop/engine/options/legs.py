"""Option legs as a strategy gives them: levels like every signal, but ragged, since contracts come and go."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Bools, Floats, Ints


class Contracts(NamedTuple):
    """The C contracts that legs name by their index. A contract ends at `expiry_ms`, epoch milliseconds UTC."""

    expiry_ms: Ints
    strike: Floats
    call: Bools


class Basis(StrEnum):
    """What a group's share of the equity buys: premium paid, margin put up, or worth of the underlying."""

    PREMIUM = "PREMIUM"
    RISK = "RISK"
    NOTIONAL = "NOTIONAL"


class Legs(NamedTuple):
    """The legs wanted at each of T rows: `start[t]:start[t+1]` of `contract`, `ratio` and `group`, each [L].

    `ratio` is contracts per unit of the group, negative when sold. Legs of one group are accepted, sized and closed
    together; a group is wanted from its first row to its last and never again. `share` float64[G] of the equity is what
    a group is sized by, read by `basis`. `hedged`: the underlying is traded at every close so that the delta of all
    legs is nil. `reasons` has one text per group.
    """

    contracts: Contracts
    start: Ints
    contract: Ints
    ratio: Floats
    group: Ints
    share: Floats
    basis: Basis
    hedged: bool = False
    reasons: tuple[str, ...] = ()


class Intent(NamedTuple):
    """One group in the making: wanted from row `opened` until, and without, row `closed`.

    `legs` are (strike, is a call, ratio) of contracts that all end at `expiry_ms`."""

    opened: int
    closed: int
    expiry_ms: int
    legs: tuple[tuple[float, bool, float], ...]
    share: float
    reason: str


def lay_legs(rows: int, intents: Sequence[Intent], basis: Basis, *, hedged: bool = False) -> Legs:
    """Legs of `rows` rows from groups in the order of their beginning, group g being `intents[g]`."""
    contracts = [(one.expiry_ms, strike, call) for one in intents for strike, call, _ in one.legs]
    wanted: list[list[tuple[int, float, int]]] = [[] for _ in range(rows)]
    named = 0
    for group, one in enumerate(intents):
        laid = [(named + k, ratio, group) for k, (_, _, ratio) in enumerate(one.legs)]
        named += len(laid)
        for row in range(one.opened, min(one.closed, rows)):
            wanted[row] += laid
    flat = [leg for row in wanted for leg in row]
    return Legs(
        contracts=Contracts(
            np.array([expiry for expiry, _, _ in contracts], np.int64),
            np.array([strike for _, strike, _ in contracts], np.float64),
            np.array([call for _, _, call in contracts], np.bool_),
        ),
        start=np.cumsum([0, *(len(row) for row in wanted)], dtype=np.int64),
        contract=np.array([leg[0] for leg in flat], np.int64),
        ratio=np.array([leg[1] for leg in flat], np.float64),
        group=np.array([leg[2] for leg in flat], np.int64),
        share=np.array([one.share for one in intents], np.float64),
        basis=basis,
        hedged=hedged,
        reasons=tuple(one.reason for one in intents),
    )


def check_legs(legs: Legs, rows: int) -> Legs:
    """The legs when they fit `rows` rows and name contracts that can exist, else InvalidError (code bad_legs)."""
    contracts, wanted = legs.contracts, len(legs.contract)
    sound = {
        "need one start per row and one behind the last": legs.start.shape == (rows + 1,)
        and np.all(np.diff(legs.start) >= 0)
        and (legs.start[0], legs.start[-1]) == (0, wanted),
        "need a contract, a ratio and a group each": legs.ratio.shape == legs.group.shape == (wanted,),
        "name a contract or a group that is not there": _within(legs.contract, len(contracts.strike))
        and _within(legs.group, len(legs.share)),
        "need a ratio that is a number and not zero": bool(np.all(np.isfinite(legs.ratio) & (legs.ratio != 0.0))),
        "need a positive strike": bool(np.all(np.isfinite(contracts.strike) & (contracts.strike > 0.0))),
        "need a positive share of the equity": bool(np.all(np.isfinite(legs.share) & (legs.share > 0.0))),
    }
    for complaint, fine in sound.items():
        if not fine:
            raise InvalidError(f"The strategy's option legs {complaint}.", code="bad_legs")
    return legs


def wanted_at(legs: Legs, row: int) -> dict[int, tuple[Ints, Floats]]:
    """Contracts and ratios of every group wanted at a row."""
    part = slice(int(legs.start[row]), int(legs.start[row + 1]))
    contract, ratio, group = legs.contract[part], legs.ratio[part], legs.group[part]
    return {int(one): (contract[group == one], ratio[group == one]) for one in dict.fromkeys(group.tolist())}


def _within(index: Ints, count: int) -> bool:
    return bool(np.all((index >= 0) & (index < count)))
