"""Journal entries on the wire."""

from pydantic import Field

from alphaloop.infra.http.wire import Id, Money, TimeMs, Wire


class JournalView(Wire):
    id: Id
    account_id: Id
    instrument: str
    direction: str
    entry_ts: TimeMs = Field(validation_alias="entry_date")
    exit_ts: TimeMs | None = Field(validation_alias="exit_date")
    entry_price: Money
    exit_price: Money | None
    quantity: Money
    fees: Money
    realised: Money | None = Field(validation_alias="realized_pnl")
    journal_status: str


class JournalPage(Wire):
    """Pages by number, as the source documents of the journal ask."""

    items: list[JournalView]
    page: int
    size: int
    total: int
