"""The market room: instruments, stored bars, ex-dates, funding and mark prices, data sources and replays.

It owns the bar store on disk and the tables that say what is in it; it calls audit and users' identities down, the
feeds below, and announces `market.series_changed`, `market.ex_date_passed`, `market.source_changed` and
`market.replay_changed`.
"""
