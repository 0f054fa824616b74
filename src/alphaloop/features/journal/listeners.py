"""A closed trade becomes a draft."""

from alphaloop.core.events import Event
from alphaloop.features.journal import service
from alphaloop.infra.db import WriteSession


async def _on_trade_closed(session: WriteSession, event: Event) -> None:
    if event.user_id is not None and event.at is not None:
        await service.draft_entry(session, user_id=event.user_id, trip=event.payload, at=event.at)


LISTENERS = {"positions.trade_closed": _on_trade_closed}
