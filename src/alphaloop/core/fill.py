"""What really traded. A fill is identified by (venue, account, instrument, trade_id) and applied exactly once."""

from dataclasses import dataclass
from decimal import Decimal

from alphaloop.core.order import OrderSide

FORCED_PREFIX = "forced-"
"""How the client_order_id of a fill begins that the venue made on its own: a liquidation."""


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `quantity` in base units, `price` quote per base, `fee` in `fee_asset`, `ts_ms` epoch ms UTC."""

    trade_id: str
    client_order_id: str
    venue_order_id: str
    instrument: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    ts_ms: int
