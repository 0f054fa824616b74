"""Signals into fills in one compiled pass, under rules that a live account would also meet.

What happens inside one bar, in this order (the exact matcher in `matching` keeps the same one):

1. At the open: instructions given at an earlier close trade, reductions before increases, then by column.
2. A stop beyond which the bar opened fills at the open; then a take beyond which it opened does.
3. Inside the bar the worst is assumed: a touched stop fills before a touched take, each at its level.
4. At the close: best and worst prices move, signals are read; with `fill="close"` they trade at this close.

Market orders and stops pay slippage, takes do not. Only a new target or a new episode is an instruction. A position
that a stop or a take closed spends its episode: the same episode never enters again. Legs of a group enter together or
not at all and leave each on its own (`sim_groups`).
"""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.engine.params import numbers
from alphaloop.engine.sim_book import SLOT, Book, Held, Terms, View, protective_level
from alphaloop.engine.sim_pass import MEMORY, run_managed, run_pass, run_plain
from alphaloop.engine.sim_rules import Ground, no_ground
from alphaloop.engine.sim_unfilled import UNFILLED, Obstacle, Unfilled, read_unfilled
from alphaloop.engine.strategy import Signals, check_signals

__all__ = [
    "MEMORY",
    "FillReason",
    "Fills",
    "Flows",
    "Ground",
    "Held",
    "Obstacle",
    "Rules",
    "Simulation",
    "Unfilled",
    "View",
    "plain_params",
    "protective_level",
    "simulate",
    "view_of",
]


class FillReason(IntEnum):
    SIGNAL = 0
    STOP = 1
    TAKE = 2
    LIQUIDATION = 3
    BONUS = 4
    DIVIDEND = 5
    FUNDING = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Conditions of a simulation. `fee` and `slippage` are fractions of the price per side.

    `volume_limit` is the share of a bar's volume that may be traded (None: no limit). `lot` is the quantity grid
    (0: none). `late_bars` is how many bars an entry waits for an instrument without bars (None: for ever).
    `risk_fraction` is the share of equity that RISK sizing loses at the stop. `fill` is "open" or "close".
    """

    cash: float = 1_000_000.0
    fee: float = 0.0
    slippage: float = 0.0
    volume_limit: float | None = None
    fill: str = "open"
    start: int = 0
    lot: float = 0.0
    min_notional: float = 0.0
    can_short: bool = False
    risk_fraction: float = 0.01
    late_bars: int | None = None

    def __post_init__(self) -> None:
        bounds = {
            "cash": (self.cash, 0.0, 1e18),
            "fee": (self.fee, 0.0, 0.5),
            "slippage": (self.slippage, 0.0, 0.5),
            "volume_limit": (self.volume_limit or 0.0, 0.0, 1.0),
            "lot": (self.lot, 0.0, 1e12),
            "min_notional": (self.min_notional, 0.0, 1e18),
            "risk_fraction": (self.risk_fraction, 0.0, 1.0),
        }
        for name, (value, low, high) in bounds.items():
            # Written so that NaN is refused too.
            if not low <= value <= high:
                raise InvalidError(
                    f"{name} must lie between {low:g} and {high:g}.",
                    code="out_of_bounds",
                    fields=((name, "out_of_bounds"),),
                )
        if self.fill not in ("open", "close"):
            raise InvalidError("fill is open or close.", code="bad_fill", fields=(("fill", "not_a_choice"),))
        if self.start < 0:
            raise InvalidError("The first traded row is not negative.", code="bad_start")


class Fills(NamedTuple):
    """One row per fill, in order: bar row, column, signed quantity, price after slippage, fee, reason, episode."""

    row: Ints
    column: Ints
    quantity: Floats
    price: Floats
    fee: Floats
    reason: Ints
    episode: Ints


class Flows(NamedTuple):
    """Money that moved without a trade, in order: bar row, column, signed amount, DIVIDEND or FUNDING."""

    row: Ints
    column: Ints
    amount: Floats
    reason: Ints


class Simulation(NamedTuple):
    """`equity` float64[T] after each row's close; `quantity` float64[N] held after the last row; `paid_in` the cash at
    the beginning.

    Shares received on an ex-date are fills at price 0. `stopped` is the row of a liquidation, after which nothing
    trades and equity stands still (-1: none). `unfilled` are the instructions that could not trade when they first
    should have.
    """

    fills: Fills
    equity: Floats
    quantity: Floats
    flows: Flows
    unfilled: Unfilled
    paid_in: float
    stopped: int = -1

    @property
    def cash(self) -> Floats:
        """Cash after each row's close, float64[T]: all that fills and flows have moved by then."""
        row = np.concatenate([self.flows.row, self.fills.row])
        spent = self.fills.quantity * self.fills.price + self.fills.fee
        # Within a row what is paid without a trade comes first, as in the pass.
        order = np.argsort(row, kind="stable")
        money = np.cumsum(np.concatenate([[self.paid_in], np.concatenate([self.flows.amount, -spent])[order]]))
        return money[np.searchsorted(row[order], np.arange(len(self.equity)), side="right")]


# Members of enumerations are looked up by name each time, which a sweep would notice.
_FLOWS_BEGIN = int(FillReason.DIVIDEND)
_SIZINGS = {Sizing.WEIGHT: 0, Sizing.UNITS: 1, Sizing.RISK: 2}


def simulate(
    panel: Panel,
    signals: Signals,
    rules: Rules,
    *,
    manage: Callable[..., float] | None = None,
    params: Any = None,
    ground: Ground | None = None,
) -> Simulation:
    """Fills, equity and cash of these signals over these bars; pure, deterministic, nothing shared between calls.

    `ground` holds the rules of the markets as arrays (`rule_arrays.lay_ground`); lots and fees are then the markets'.
    InvalidError when the signals do not fit the panel.
    """
    check_signals(signals, panel)
    shape = panel.close.shape
    book = _empty_book(shape[1], rules.cash)
    stop, take, trail = (_level(values, shape) for values in (signals.stop, signals.take, signals.trail))
    view = view_of(panel)
    # Without groups the code that ties them is not even compiled.
    group = None if signals.group is None or shape[1] == 1 else np.ascontiguousarray(signals.group)
    target, episode = np.ascontiguousarray(signals.target), np.ascontiguousarray(signals.episode)
    terms = _terms(rules, signals)
    if ground is None:
        ground = _bare_ground(shape[1], float(rules.lot))
    if manage is None:
        made = run_pass(run_plain, book, view, target, episode, stop, take, trail, group, terms, ground, None, None)
    else:
        run, given = _compiled(manage), plain_params(params)
        made = run_pass(run_managed, book, view, target, episode, stop, take, trail, group, terms, ground, run, given)
    rows, equity, stopped = made
    kind = rows[:, 5]
    traded = kind < _FLOWS_BEGIN
    plain, refused = bool(traded.all()), kind >= UNFILLED
    return Simulation(
        fills=_as_fills(rows if plain else rows[traded]),
        equity=equity,
        # Columns of a plain array are found faster than those of a record array.
        quantity=np.asarray(book.slots)["quantity"].copy(),
        flows=_NO_FLOWS if plain else _as_flows(rows[~traded & ~refused]),
        unfilled=read_unfilled(rows[:0] if plain else rows[refused], book.asked),
        paid_in=rules.cash,
        stopped=int(stopped),
    )


def view_of(panel: Panel) -> View:
    """The arrays of a panel, contiguous, as `manage` sees them."""
    stacked = np.stack(list(panel.features.values())) if panel.features else np.empty((0, *panel.close.shape))
    return View(
        panel.ts_ms,
        panel.close_ms,
        np.ascontiguousarray(panel.open),
        np.ascontiguousarray(panel.high),
        np.ascontiguousarray(panel.low),
        np.ascontiguousarray(panel.close),
        np.ascontiguousarray(panel.volume),
        np.ascontiguousarray(panel.member),
        stacked,
    )


def plain_params(params: Any) -> Any:
    """The numeric parameters as a named tuple of floats: compiled code cannot read dataclasses."""
    named = numbers(params) if params is not None else ()
    return _params_type(tuple(name for name, _ in named))(*(value for _, value in named))


@lru_cache(maxsize=256)
def _params_type(names: tuple[str, ...]) -> Any:
    # A named tuple without fields has no compiled type, hence the idle one.
    fields = names or ("idle",)
    return namedtuple("Numbers", fields, defaults=(0.0,) * len(fields))


# The pass reads the ground and never writes it.
_bare_ground = lru_cache(maxsize=16)(no_ground)


@lru_cache(maxsize=256)
def _compiled(manage: Callable[..., float]) -> Any:
    return manage if hasattr(manage, "py_func") else njit(manage)


def _level(values: Floats | None, shape: tuple[int, ...]) -> Floats:
    return _no_level(shape[1]) if values is None else np.ascontiguousarray(values)


@lru_cache(maxsize=16)
def _no_level(columns: int) -> Floats:
    # One row stands for all.
    return np.full((1, columns), np.nan)


def _terms(rules: Rules, signals: Signals) -> Terms:
    return Terms(
        fee=float(rules.fee),
        slippage=float(rules.slippage),
        volume_limit=float(rules.volume_limit or 0.0),
        at_close=rules.fill == "close",
        start=rules.start,
        min_notional=float(rules.min_notional),
        can_short=bool(rules.can_short),
        risk_fraction=float(rules.risk_fraction),
        late_bars=-1 if rules.late_bars is None else rules.late_bars,
        sizing=_SIZINGS[signals.sizing],
        leveled=signals.stop is not None or signals.take is not None or signals.trail is not None,
    )


def _empty_book(columns: int, cash: float) -> Book:
    # Attributes of records read alike in Python and compiled; made of bytes they cost a third of a copy.
    slots = np.recarray((columns,), dtype=SLOT, buf=bytearray(_empty_slots(columns)))
    return Book(np.array([float(cash)]), slots, np.zeros(2, dtype=np.int64), np.zeros((columns, MEMORY)))


@lru_cache(maxsize=16)
def _empty_slots(columns: int) -> bytes:
    slots = np.zeros(columns, dtype=SLOT)
    for name in ("stop_at", "take_at", "trail", "acted_target", "pending_target", "pending_quantity", "last"):
        slots[name] = np.nan
    slots["room"] = slots["cap"] = np.inf
    for name in ("entry_row", "episode", "acted_episode", "pending_episode", "pending_reason", "refused"):
        slots[name] = -1
    # -1 is "no episode" in signals; a spent marker must never equal it.
    slots["spent"] = -2
    return slots.tobytes()


def _as_fills(rows: Floats) -> Fills:
    row, column, quantity, price, fee, reason, episode = (np.ascontiguousarray(values) for values in rows.T)
    return Fills(_whole(row), _whole(column), quantity, price, fee, _whole(reason), _whole(episode))


def _as_flows(rows: Floats) -> Flows:
    reason = _whole(rows[:, 5])
    amount = np.where(reason == FillReason.DIVIDEND, rows[:, 2] * rows[:, 3], rows[:, 2])
    return Flows(_whole(rows[:, 0]), _whole(rows[:, 1]), amount, reason)


def _whole(values: Floats) -> Ints:
    return values.astype(np.int64)


_NO_FLOWS = _as_flows(np.empty((0, 7)))
