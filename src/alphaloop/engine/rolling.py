"""From one futures contract to the next: on which day a position moves, and the targets per contract that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from alphaloop.core.calendar import find_calendar
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.engine.market_rules import rules_on
from alphaloop.engine.panel import Floats


@dataclass(frozen=True, slots=True)
class Contract:
    """One dated contract and the last session in which it trades."""

    instrument: Instrument
    last_session: date


def roll_day(contract: Contract) -> date:
    """The session at whose close a position leaves the contract, by the market's roll rule (without one: the last)."""
    rule = rules_on(contract.instrument, contract.last_session).roll
    calendar, day = find_calendar(contract.instrument.calendar), contract.last_session
    for _ in range(rule.sessions_before if rule is not None else 0):
        day = calendar.previous_session(day)
    return day


def carrier(contracts: Sequence[Contract], day: date) -> int:
    """Which contract, in order of expiry, a position decided at the close of `day` is held in.

    InvalidError 'no_contract' once the last of them has to be left.
    """
    for number, contract in enumerate(contracts):
        if day < roll_day(contract):
            return number
    raise InvalidError("The last contract has to be left and there is none after it.", code="no_contract")


def rolled(target: Floats, days: Sequence[date], contracts: Sequence[Contract]) -> Floats:
    """Targets float64[T, contracts] from one series of targets float64[T]: each row's intent in that day's carrier.

    Other contracts are flat (0), so that at a roll one leg closes and the next opens at the same open.
    """
    ends = [roll_day(contract) for contract in contracts]
    made = np.zeros((len(target), len(contracts)))
    for row, day in enumerate(days):
        number = next((n for n, end in enumerate(ends) if day < end), None)
        if number is None:
            raise InvalidError("The last contract has to be left and there is none after it.", code="no_contract")
        made[row, number] = target[row]
    return made
