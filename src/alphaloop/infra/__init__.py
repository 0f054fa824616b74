"""Pipes: settings, database, bus, jobs, HTTP, security. Nothing here knows what trading is."""
