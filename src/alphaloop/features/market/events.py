"""What the market room announces."""

SERIES_CHANGED = "market.series_changed"
"""{instrument, timeframe, bars, last_ts}: bars were added to a stored series."""

EX_DATE_PASSED = "market.ex_date_passed"
"""{instrument, ex_date, cash, bonus, rights, rights_price}: a market has come to an ex-date; amounts are decimal texts
per share held at the close before. Nothing is booked by it: whoever holds the instrument does that."""

SOURCE_CHANGED = "market.source_changed"
"""{source_id, status}: a data source was added, changed, switched or removed, or stopped answering."""

REPLAY_CHANGED = "market.replay_changed"
"""{replay_id, status}: a replay was made, played, paused, sped up or ended (not: each bar of it)."""
