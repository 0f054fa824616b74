"""The daily equity snapshot of accounts that no bar marks."""

from typing import Any

from sqlalchemy import select

from alphaloop.features.accounts.models import Account, AccountStatus
from alphaloop.features.positions import service
from alphaloop.infra.jobs.local import JobContext
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.settings import Settings

SNAPSHOT_JOB = "positions.snapshot_equity"


async def snapshot_equity(context: JobContext) -> dict[str, Any]:
    """Write today's row of every account on the system's clock; accounts on a replay are marked by its bars.

    Safe to run twice: the day's row is replaced by the same figures.
    """
    async with context.db.read() as session:
        ids = list(
            await session.scalars(
                select(Account.id)
                .where(Account.replay_id.is_(None), Account.status == AccountStatus.ACTIVE)
                .order_by(Account.id)
            )
        )
    for number, account_id in enumerate(ids):
        if number % 50 == 0:
            await context.progress(number, len(ids))
        async with context.db.write() as session:
            account = await session.get(Account, account_id)
            if account is not None:
                await service.snapshot_now(session, account, clock=context.clock)
    return {"accounts": len(ids)}


def _daily(settings: Settings) -> Schedule:
    hour, minute = settings.equity_snapshot_time.split(":")
    return Schedule(f"{int(minute)} {int(hour)} * * *", "America/New_York")


HANDLERS = {SNAPSHOT_JOB: snapshot_equity}
SCHEDULES = {SNAPSHOT_JOB: _daily}
