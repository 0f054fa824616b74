"""A signal follows its order."""

from alphaloop.core.clock import ManualClock
from alphaloop.core.events import Event
from alphaloop.features.signals import service
from alphaloop.infra.db import WriteSession


async def _on_order_updated(session: WriteSession, event: Event) -> None:
    if event.at is not None:
        await service.follow_order(session, event.payload["order"], clock=ManualClock(event.at))


LISTENERS = {"orders.order_updated": _on_order_updated}
