"""One TOML file per market; `market_rules` reads them."""
