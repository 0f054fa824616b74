"""What an option book did, in the words in which it is reported: fills, trades by group, refusals."""

from typing import NamedTuple

# Contract index of a fill in the underlying itself.
UNDERLYING = -1


class OptionFill(NamedTuple):
    """`quantity` contracts (units of the underlying where `contract` is -1), negative when sold, at `price` each.

    `kind` says why: target, open, close, margin_call, expiry, delivery or hedge. `group` is -1 where it serves none.
    """

    row: int
    contract: int
    quantity: float
    price: float
    fee: float
    group: int
    kind: str


class OptionTrade(NamedTuple):
    """A group from its beginning to its end. `credit` came in at the entry (negative: was paid), before fees.

    `quantity` counts units of the group; `pnl` is net of fees, its hedge included; `ended` is close, margin_call or
    expiry.
    """

    group: int
    entry_row: int
    exit_row: int
    quantity: float
    credit: float
    fees: float
    pnl: float
    ended: str
    reason: str


class Refused(NamedTuple):
    """A group that could not begin at `row`.

    `why` is no_quote (it may begin later), or for good expired, too_small, no_cash or no_margin.
    """

    row: int
    group: int
    why: str
