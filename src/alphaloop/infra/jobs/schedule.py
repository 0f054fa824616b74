"""When a periodic job is due: a cron line in a named time zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_LOOK_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a job runs: a five-field cron line in a named time zone."""

    cron: str
    zone: str = "UTC"

    def latest(self, now: datetime) -> datetime | None:
        """The newest moment not after `now` at which the job was due, looking back an hour."""
        from apscheduler.triggers.cron import CronTrigger

        trigger = CronTrigger.from_crontab(self.cron, timezone=ZoneInfo(self.zone))
        due, found = trigger.get_next_fire_time(None, now - _LOOK_BACK), None
        while due is not None and due <= now:
            found = due
            due = trigger.get_next_fire_time(due, due + timedelta(seconds=1))
        return found
