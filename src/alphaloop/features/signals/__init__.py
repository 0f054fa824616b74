"""What strategies asked for and why, how that was judged, traded and came out; runs of strategies by hand and by
schedule; and who lets signals trade without asking.

Called by `sessions`. Calls `catalog`, `orders`, `risk`, `positions`, `accounts`, `market`, `users`, `audit`;
hears `orders.order_updated`; announces `signals.signal_fired`, `signals.signal_changed` and `signals.run_ended`.
"""
