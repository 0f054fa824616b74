"""Use cases of orders. Manual, plan, alert, signal and copied orders all enter at `submit_many`."""

from alphaloop.features.orders.service.cancel import cancel_order, close_position, request_cancels
from alphaloop.features.orders.service.ex_dates import accounts_touched
from alphaloop.features.orders.service.preview import preview_order
from alphaloop.features.orders.service.read import (
    count_episode,
    get_order,
    list_fills,
    list_orders,
    list_positions,
    protection_of,
    working_orders,
)
from alphaloop.features.orders.service.submit import NewOrderRequest, Submission, submit, submit_many

__all__ = [
    "NewOrderRequest",
    "Submission",
    "accounts_touched",
    "cancel_order",
    "close_position",
    "count_episode",
    "get_order",
    "list_fills",
    "list_orders",
    "list_positions",
    "preview_order",
    "protection_of",
    "request_cancels",
    "submit",
    "submit_many",
    "working_orders",
]
