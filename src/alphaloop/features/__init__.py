"""The rooms: one business noun each, with its tables, use cases, API and jobs. Their order is in ARCHITECTURE.md."""
