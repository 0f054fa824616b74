"""Strategies that run by themselves: setting a schedule, and saying what is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loguru import logger

from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import Clock
from alphaloop.core.errors import AlphaLoopError, InvalidError
from alphaloop.features.accounts import service as accounts
from alphaloop.features.catalog import repository
from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.rules import Timing, check_timing, newest_due
from alphaloop.features.catalog.schemas import RunTarget, ScheduleSet
from alphaloop.features.catalog.service.managing import Door, managed, note_change
from alphaloop.features.market import service as market
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor


async def set_schedule(
    session: WriteSession, actor: Actor, door: Door, named: str, asked: ScheduleSet, *, clock: Clock
) -> StrategyRow:
    """Run a strategy by itself from now on, for one of this person's accounts."""
    account = await accounts.get_account(session, actor, asked.account_id)
    row = await managed(session, actor, door, named)
    zone = asked.zone or (find_calendar(asked.calendar).zone if asked.calendar is not None else "UTC")
    timing = check_timing(Timing(asked.cron, zone, asked.calendar, asked.after_close_min))
    symbols = await symbols_of(session, asked.instruments)
    target = RunTarget(account_id=account.id, instruments=symbols, timeframe=asked.timeframe)
    row.run_schedule, row.schedule_zone = timing.cron, timing.zone
    row.schedule_calendar, row.after_close_min = timing.calendar, timing.after_close_min
    row.run_target, row.schedule_owner_id = target.model_dump(mode="json"), actor.person
    row.schedule_from = row.updated_at = clock.now()
    after = {"cron": timing.cron, "zone": zone, "calendar": timing.calendar, "after_close_min": timing.after_close_min}
    await note_change(session, actor, clock, row, "schedule_set", account_id=account.id, after=after | row.run_target)
    return row


async def clear_schedule(session: WriteSession, actor: Actor, door: Door, named: str, *, clock: Clock) -> StrategyRow:
    """Run a strategy only when asked to."""
    row = await managed(session, actor, door, named)
    row.run_schedule = row.schedule_zone = row.schedule_calendar = None
    row.after_close_min = row.run_target = row.schedule_owner_id = row.schedule_from = None
    row.updated_at = clock.now()
    await note_change(session, actor, clock, row, "schedule_cleared")
    return row


async def symbols_of(session: ReadSession, named: Sequence[str]) -> list[str]:
    """The instruments' own symbols, each once; InvalidError where none or one twice is named."""
    if not named:
        raise InvalidError("Name at least one instrument.", fields=(("instruments", "missing"),))
    symbols = [(await market.get_instrument(session, one)).symbol for one in named]
    if len(set(symbols)) != len(symbols):
        raise InvalidError("An instrument is named twice.", fields=(("instruments", "named_twice"),))
    return symbols


_LOOKED_AGAIN = timedelta(hours=1)
"""What was looked through in vain for this long is not looked through again at every tick: a line that names each
minute of Sundays on a calendar without any would hold the scheduler up."""


@dataclass(frozen=True, slots=True)
class Due:
    """A run that a schedule asks for."""

    row: StrategyRow
    at: datetime


async def due_runs(session: WriteSession, now: datetime) -> list[Due]:
    """What is due now, the newest moment of each schedule; asked again it is due no more.

    A schedule that cannot be read (a calendar that knows no such date) holds nobody else up."""
    found = []
    for row in await repository.scheduled_rows(session):
        assert row.schedule_from is not None
        timing = Timing(row.run_schedule, row.schedule_zone or "UTC", row.schedule_calendar, row.after_close_min)
        try:
            due = newest_due(timing, after=row.schedule_from, now=now)
        except AlphaLoopError as error:
            logger.warning("the schedule of strategy {} cannot be read: {}", row.id, error.message)
            continue
        if due is not None:
            row.schedule_from = due
            found.append(Due(row, due))
        elif now - row.schedule_from > _LOOKED_AGAIN:
            row.schedule_from = now
    return found
