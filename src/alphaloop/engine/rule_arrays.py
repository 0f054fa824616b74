"""Market rules laid out as arrays before a simulation starts, so that looking one up costs an index.

Every figure comes from `market_rules` and `core/corporate`; nothing is decided here.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from alphaloop.core.calendar import Calendar, find_calendar
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import ONE, ZERO
from alphaloop.engine.convert import to_decimal, to_float
from alphaloop.engine.day_rules import DayRules
from alphaloop.engine.market_rules import find_market, rules_on
from alphaloop.engine.panel import Bools, Floats, Ints, Panel
from alphaloop.engine.sim_limits import DayPrices, free_days, limits_by_day
from alphaloop.engine.sim_rules import CHARGE_WIDTH, TERMS_WIDTH, Ground, no_ground

_DAY_MS = 86_400_000
# A wider tolerance would take ordinary days for days at their limit.
_WIDEST = 0.01
_SIDES = {"both": 0.0, "buy": 1.0, "sell": -1.0}
_PER = {"notional": 0.0, "unit": 1.0, "order": 2.0}
Actions = Mapping[str, Sequence[CorporateAction]]


@dataclass(frozen=True, slots=True)
class Stake:
    """How one column is traded on margin: chosen leverage, alone or with the account, and the exchange's mark.

    `mark` is float64[3, T]: open, low and high of the mark price (None: the bar's own). `funding` is float64[T], the
    rate settled at each row's open (None: none).
    """

    leverage: Decimal = ONE
    isolated: bool = False
    mark: Floats | None = None
    funding: Floats | None = None


class _Days(NamedTuple):
    """The trading days that one calendar's rows fall on, ascending, and the day of every row."""

    dates: list[date]
    row: Ints


@dataclass(slots=True)
class _Kinds:
    """Distinct sets of rules, each once."""

    rules: dict[DayRules, int] = field(default_factory=dict)

    def number(self, rules: DayRules) -> int:
        return self.rules.setdefault(rules, len(self.rules))


def lay_ground(
    panel: Panel,
    instruments: Sequence[Instrument],
    *,
    broker_rate: float = 0.0,
    actions: Actions | None = None,
    stakes: Mapping[str, Stake] | None = None,
    fractions: bool = False,
    sessions: Sequence[date] = (),
    by_ratio: float | None = None,
) -> Ground:
    """The rules of each column's instrument over the panel's rows; prices must be raw where there are limits.

    `actions` and `stakes` go by the instrument's symbol. `sessions` are the days on which the market traded, as far as
    anybody knows: a column without a bar on one of them was suspended. With `by_ratio` prices are adjusted by ratio and
    limits are found within that share (`sim_limits`). InvalidError 'no_market' for an instrument without a market,
    'wrong_instruments' when they are not one per column.
    """
    if len(instruments) != len(panel.names):
        raise InvalidError("Rules need one instrument per column.", code="wrong_instruments")
    if by_ratio is not None and not 0.0 <= by_ratio <= _WIDEST:
        raise InvalidError(
            f"by_ratio is a share from 0 to {_WIDEST:g}.", code="out_of_bounds", fields=(("by_ratio", "out_of_bounds"),)
        )
    keys = sorted({one.calendar for one in instruments})
    days = [_trading_days(panel.ts_ms, find_calendar(key)) for key in keys]
    columns, depth = len(instruments), max(len(one.dates) for one in days)
    bare = no_ground(columns, 0.0)
    kind = np.zeros((depth, columns), dtype=np.int64)
    up, down = np.full((depth, columns), np.inf), np.zeros((depth, columns))
    booked: dict[str, Any] = {name: np.full((depth, columns), neutral) for name, neutral in _NEUTRAL.items()}
    skipped, traded = np.zeros((depth, columns), dtype=np.bool_), sorted(sessions)
    kinds, outside = _Kinds(), 0
    for n, instrument in enumerate(instruments):
        kept = days[keys.index(instrument.calendar)]
        skipped[: len(kept.dates), n] = _skipped(kept.dates, traded)
        rules = _rules_by_day(instrument, kept.dates, fractions)
        kind[: len(rules), n] = [kinds.number(one) for one in rules]
        due = _on_days(actions.get(instrument.symbol, ()) if actions else (), kept.dates)
        for day, many in due.items():
            _book(booked, day, n, many)
        days_of = DayPrices.of(panel, n, kept.row, len(rules))
        limits = limits_by_day(rules, days_of, due, free=free_days(instrument, kept.dates), by_ratio=by_ratio)
        down[: len(rules), n], up[: len(rules), n] = limits.down, limits.up
        outside += limits.outside
    rows = np.column_stack([one.row for one in days])
    terms, charges = _tables(list(kinds.rules), broker_rate)
    ground = bare._replace(
        on=True,
        acts=bool(actions),
        day=rows,
        turns=np.r_[True, np.any(rows[1:] != rows[:-1], axis=1)],
        calendar=np.array([keys.index(one.calendar) for one in instruments], dtype=np.int64),
        skipped=skipped,
        kind=kind,
        up=up,
        down=down,
        outside=outside,
        terms=terms,
        charges=charges,
        **booked,
    )
    return _with_stakes(ground, panel, instruments, stakes, list(kinds.rules)) if stakes else ground


_NEUTRAL = {"ratio": 1.0, "cash": 0.0, "shift": 0.0, "factor": 1.0}


def _trading_days(ts_ms: Ints, calendar: Calendar) -> _Days:
    """Rows at midnight UTC all through are daily bars and say their session date; others are asked of the calendar."""
    if calendar.around_the_clock or bool((ts_ms % _DAY_MS == 0).all()):
        local = ts_ms // _DAY_MS
    else:
        local = _local_days(ts_ms, calendar)
    found, index = np.unique(local, return_inverse=True)
    epoch = date(1970, 1, 1)
    return _Days([epoch + timedelta(days=int(day)) for day in found], index.astype(np.int64))


def _local_days(ts_ms: Ints, calendar: Calendar) -> Ints:
    """Day numbers of the trading days; the zone is asked once per UTC day, its offset does not change in a session."""
    utc_days, where = np.unique(ts_ms // _DAY_MS, return_inverse=True)
    zone = ZoneInfo(calendar.zone)
    offsets = []
    for day in utc_days.tolist():
        shift = datetime.fromtimestamp(day * 86_400 + 43_200, UTC).astimezone(zone).utcoffset()
        offsets.append(0 if shift is None else int(shift.total_seconds() * 1000))
    local = ts_ms + np.array(offsets, dtype=np.int64)[where]
    numbers = local // _DAY_MS
    if not calendar.nights:
        return numbers
    evening = calendar.nights[0][0]
    late = local % _DAY_MS >= (evening.hour * 60 + evening.minute) * 60_000
    # A night, or the early morning after it, is asked of the calendar; a night can be a weekend away from its day.
    parts, back = np.unique(np.column_stack([numbers, late]), axis=0, return_inverse=True)
    epoch = date(1970, 1, 1)
    moments = [
        datetime.combine(epoch + timedelta(days=int(day)), evening if is_late else datetime.min.time(), zone)
        for day, is_late in parts.tolist()
    ]
    mapped = np.array([(calendar.session_date(one) - epoch).days for one in moments], dtype=np.int64)
    return mapped[back.ravel()]


def _rules_by_day(instrument: Instrument, dates: list[date], fractions: bool) -> list[DayRules]:
    market = find_market(instrument)
    if market is None:
        raise InvalidError(f"{instrument.symbol} belongs to no market.", code="no_market")
    changes = market.changes(market.board_of(instrument))
    spans: dict[int, DayRules] = {}
    found = []
    for day in dates:
        span = bisect_right(changes, day)
        if span not in spans:
            rules = rules_on(instrument, day)
            spans[span] = rules.in_fractions() if fractions else rules
        found.append(spans[span])
    return found


def _skipped(dates: list[date], sessions: list[date]) -> Bools:
    """Whether a session lies between each day and the day before it."""
    before, upto = (np.array([side(sessions, day) for day in dates]) for side in (bisect_left, bisect_right))
    return np.concatenate([[False], before[1:] > upto[:-1]])


def _on_days(actions: Sequence[CorporateAction], dates: list[date]) -> dict[int, list[CorporateAction]]:
    """Actions by the first trading day at or after their ex-date; those before the first day are past."""
    found: dict[int, list[CorporateAction]] = {}
    for action in sorted(actions, key=lambda one: one.ex_date):
        day = bisect_right(dates, action.ex_date - timedelta(days=1))
        if action.ex_date >= dates[0] and day < len(dates):
            found.setdefault(day, []).append(action)
    return found


def _book(booked: dict[str, Floats], day: int, n: int, many: list[CorporateAction]) -> None:
    for action in many:
        ratio, shift = booked["ratio"][day, n], action.rights * action.rights_price - action.cash
        booked["cash"][day, n] += to_float(action.cash) * ratio
        booked["ratio"][day, n] = ratio * to_float(ONE + action.bonus)
        # (p + a) x f, then (p + b) x g is (p + a + b / f) x f g.
        booked["shift"][day, n] += to_float(shift) / booked["factor"][day, n]
        booked["factor"][day, n] /= to_float(action.shares)


def _tables(kinds: list[DayRules], broker_rate: float) -> tuple[Floats, Floats]:
    """`terms` [K, 4] and `charges` [K, C, 7]; rows beyond a kind's own charges have rate 0 and cost nothing."""
    rate = to_decimal(broker_rate)
    many = [_charges(one, rate) for one in kinds]
    terms = np.zeros((len(kinds), TERMS_WIDTH))
    charges = np.zeros((len(kinds), max(len(rows) for rows in many), CHARGE_WIDTH))
    for k, (one, rows) in enumerate(zip(kinds, many, strict=True)):
        most = np.inf if one.lot.maximum is None else to_float(one.lot.maximum)
        settle = float(one.settlement.sell_after_sessions)
        terms[k] = to_float(one.lot.minimum or ZERO), to_float(one.lot.step or ZERO), most, settle
        charges[k, : len(rows)] = rows
    return terms, charges


def _charges(rules: DayRules, broker_rate: Decimal) -> list[tuple[float, ...]]:
    rows: list[tuple[float, ...]] = []
    for one in rules.all_charges(broker_rate):
        step = rules.money_step if one.step is None else one.step
        most = np.inf if one.maximum is None else to_float(one.maximum)
        least, grid, upwards = to_float(one.minimum), to_float(step), float(one.rounding == "up")
        rows.append((_SIDES[one.side], _PER[one.per], to_float(one.rate), least, most, grid, upwards))
    return rows


def _with_stakes(
    ground: Ground,
    panel: Panel,
    instruments: Sequence[Instrument],
    stakes: Mapping[str, Stake],
    kinds: list[DayRules],
) -> Ground:
    marks = np.stack([panel.open, panel.low, panel.high])
    funding = np.zeros(panel.close.shape)
    initial, isolated = ground.initial.copy(), ground.isolated.copy()
    for n, instrument in enumerate(instruments):
        stake = stakes.get(instrument.symbol)
        if stake is None:
            continue
        initial[n] = to_float(rules_on(instrument, _date_of(int(panel.ts_ms[-1]))).initial_share(stake.leverage))
        isolated[n] = int(stake.isolated)
        if stake.mark is not None:
            marks[:, :, n] = stake.mark
        if stake.funding is not None:
            funding[:, n] = stake.funding
    brackets, liquidation = _maintenance(kinds)
    return ground._replace(
        margined=True,
        funded=bool(np.any(funding)),
        initial=initial,
        brackets=brackets,
        liquidation=liquidation,
        isolated=isolated,
        marks=marks,
        funding=funding,
    )


def _maintenance(kinds: list[DayRules]) -> tuple[Floats, Floats]:
    """`brackets` [K, B, 3], rows beyond a kind's own begin at infinity; `liquidation` [K], the fee's share."""
    many = [one.maintenance_rows() for one in kinds]
    table = np.full((len(kinds), max(len(rows) for rows in many), 3), np.inf)
    for k, rows in enumerate(many):
        for b, row in enumerate(rows):
            table[k, b] = [to_float(value) for value in row]
    fees = [ZERO if one.margin is None else one.margin.liquidation_fee for one in kinds]
    return table, np.array([to_float(fee) for fee in fees])


def _date_of(ts_ms: int) -> date:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).date()
