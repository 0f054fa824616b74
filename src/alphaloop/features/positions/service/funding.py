"""What funding does to an account: money through the ledger, and into what the position has realised."""

from dataclasses import dataclass
from decimal import Decimal

from alphaloop.core.clock import Clock
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, stored
from alphaloop.features.accounts.models import Account
from alphaloop.features.ledger import service as ledger
from alphaloop.features.positions.models import CashFlow
from alphaloop.features.positions.service.booking import find_position, view
from alphaloop.features.positions.service.flows import FlowKind
from alphaloop.infra.db import WriteSession
from alphaloop.infra.outbox import announce


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """One settlement as the venue booked it: `paid` by a position of `quantity` (signed) at `rate` of `mark`."""

    ts_ms: int
    quantity: Decimal
    rate: Decimal
    mark: Decimal
    paid: Decimal


async def book_funding(
    session: WriteSession, account: Account, instrument: Instrument, funding: FundingPaid, *, clock: Clock
) -> bool:
    """Book one settlement as the venue did; whether it was booked now (the ledger's key guards it against a repeat)."""
    row = await find_position(session, account.id, instrument.symbol)
    posted = await ledger.post(
        session,
        kind="funding",
        key=f"funding:{account.id}:{instrument.symbol}:{funding.ts_ms}",
        lines=[
            ledger.Line(ledger.ACCOUNT, account.id, instrument.quote, funding.paid.copy_negate(), owed=True),
            ledger.Line(ledger.VENUE, 0, instrument.quote, funding.paid),
        ],
        at=clock.now(),
    )
    if not posted:
        return False
    session.add(
        CashFlow(
            account_id=account.id,
            kind=FlowKind.FUNDING,
            instrument=instrument.symbol,
            asset=instrument.quote,
            amount=funding.paid.copy_negate(),
            quantity=funding.quantity,
            rate=funding.rate,
            price=funding.mark,
            ts_ms=funding.ts_ms,
            booked_at=clock.now(),
        )
    )
    assert row is not None, "a venue settles funding on what its fills have made, and those were booked before"
    row.realised = stored(EXACT.subtract(row.realised, funding.paid))
    await session.flush()
    event = Event("positions.position_changed", view(row), account.user_id, account.id)
    await announce(session, event, at=clock.now())
    return True
