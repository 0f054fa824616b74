"""The operator's ceiling, from settings: read once at start, above every limit a person may set."""

from alphaloop.engine.risk import Limits
from alphaloop.features.risk.service import Ceiling
from alphaloop.infra.settings import Settings


def read_ceiling(settings: Settings) -> Ceiling:
    """ORDER_MODE decides whether LIVE accounts may trade; MAX_ORDERS_PER_MINUTE caps every account's rate."""
    return Ceiling(
        live_allowed=settings.order_mode == "REAL",
        maximum=Limits(max_orders_per_minute=settings.max_orders_per_minute),
    )
