"""What the worker does when a market comes to an ex-date: every account on the system's clock that is touched books it.

Replays pass their own ex-dates, at their own time.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.events import Event
from alphaloop.features.market import service as market
from alphaloop.features.orders import service as orders
from alphaloop.infra.db import WriteSession
from alphaloop.infra.jobs.local import JobContext, enqueue
from alphaloop.infra.outbox import Listener

EX_DATE_JOB = "orders.pass_ex_date"


def queue_ex_dates(clock: Clock) -> Listener:
    """The listener of `market.ex_date_passed`: a venue cannot be asked inside the event's transaction, a job can."""

    async def listen(session: WriteSession, event: Event) -> None:
        told = event.payload
        await enqueue(session, clock, EX_DATE_JOB, dict(told), period=f"{told['instrument']} {told['ex_date']}")

    return listen


def pass_ex_dates(floor: Callable[[], Any]) -> Callable[[JobContext], Any]:
    """The job: safe to run twice, since both books know what they have booked. `floor` brings the trading code in."""

    async def work(context: JobContext) -> dict[str, Any]:
        told = context.args
        terms = (Decimal(told[name]) for name in ("cash", "bonus", "rights", "rights_price"))
        action = CorporateAction(date.fromisoformat(told["ex_date"]), *terms)
        async with context.db.read() as session:
            instrument = await market.get_instrument(session, told["instrument"])
            touched = await orders.accounts_touched(session, instrument.symbol)
        for number, account in enumerate(touched):
            await context.progress(number, len(touched), instrument.symbol)
            await floor().pass_ex_date(account, instrument, action)
        return {"accounts": len(touched)}

    return work
