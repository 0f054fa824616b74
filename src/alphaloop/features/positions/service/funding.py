"""What funding does to an account: money through the ledger, and into what the position has realised."""

from decimal import Decimal

from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, stored
from alphaloop.engine.margin import funding_due
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.positions.service.booking import find_position, view
from alphaloop.infra.db import WriteSession
from alphaloop.infra.outbox import announce


async def book_funding(
    session: WriteSession,
    account: Account,
    instrument: Instrument,
    *,
    rate: Decimal,
    mark: Decimal,
    ts_ms: int,
    clock: Clock,
) -> bool:
    """Book one settlement on what is held; whether it was booked now (the ledger's key guards it against a repeat)."""
    row = await find_position(session, account.id, instrument.symbol)
    if row is None or row.quantity == 0:
        return False
    paid = funding_due(row.quantity, mark, rate)
    posted = await ledger.post(
        session,
        kind="funding",
        key=f"funding:{account.id}:{instrument.symbol}:{ts_ms}",
        lines=[
            ledger.Line(ledger.ACCOUNT, account.id, instrument.quote, paid.copy_negate(), owed=True),
            ledger.Line(ledger.VENUE, 0, instrument.quote, paid),
        ],
        at=clock.now(),
    )
    if not posted:
        return False
    row.realised = stored(EXACT.subtract(row.realised, paid))
    await session.flush()
    event = Event("positions.position_changed", view(row), account.user_id, account.id)
    await announce(session, event, at=clock.now())
    return True
