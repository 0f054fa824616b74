"""Option legs over history: what a strategy wants, how it is quoted, margined, settled and told."""
