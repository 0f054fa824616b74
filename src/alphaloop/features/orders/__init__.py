"""Orders from intent to fill. Everything that trades enters at `service.submit_many` and leaves through `execution`.

Calls `risk`, `positions`, `accounts`, `market`, `ledger`, `audit`; announces `orders.order_updated` and
`orders.fill_booked`.
"""
