"""Finds what the rooms offer (tables, routes, listeners, jobs) by file name, so that a new room needs no registry."""

import importlib
import importlib.util
import pkgutil
from typing import Any

from fastapi import APIRouter

import alphaloop.features
from alphaloop.infra.jobs.local import JobHandler
from alphaloop.infra.jobs.schedule import Schedule
from alphaloop.infra.outbox import Listener
from alphaloop.infra.settings import Settings


def _each(file: str) -> list[Any]:
    found = []
    for room in pkgutil.iter_modules(alphaloop.features.__path__):
        name = f"alphaloop.features.{room.name}.{file}"
        if importlib.util.find_spec(name) is not None:
            found.append(importlib.import_module(name))
    return found


def load_tables() -> None:
    """Import every table of infra and the rooms into the one metadata."""
    importlib.import_module("alphaloop.infra.outbox")
    importlib.import_module("alphaloop.infra.leases")
    importlib.import_module("alphaloop.infra.jobs.models")
    importlib.import_module("alphaloop.adapters.venues.paper")
    importlib.import_module("alphaloop.adapters.venues.manual")
    _each("models")


def routers() -> list[APIRouter]:
    """`router` (or every router of `ROUTERS`) of each room's api.py."""
    return [
        router for module in _each("api") for router in getattr(module, "ROUTERS", [getattr(module, "router", None)])
    ]


def listeners() -> dict[str, list[Listener]]:
    """Event name -> listeners, from each room's listeners.py (`LISTENERS`), in room order by name."""
    merged: dict[str, list[Listener]] = {}
    for module in _each("listeners"):
        for name, listener in module.LISTENERS.items():
            merged.setdefault(name, []).append(listener)
    return merged


def job_handlers() -> dict[str, JobHandler]:
    """Job kind -> handler, from each room's jobs.py (`HANDLERS`)."""
    merged: dict[str, JobHandler] = {}
    for module in _each("jobs"):
        merged.update(getattr(module, "HANDLERS", {}))
    return merged


def long_kinds() -> frozenset[str]:
    """Job kinds that may take hours, from each room's jobs.py (`LONG`): nothing that is soon done waits for them."""
    return frozenset(kind for module in _each("jobs") for kind in getattr(module, "LONG", ()))


def schedules(settings: Settings) -> dict[str, Schedule]:
    """Job kind -> when it is due, from each room's jobs.py (`SCHEDULES`: kind -> function of the settings)."""
    merged: dict[str, Schedule] = {}
    for module in _each("jobs"):
        merged.update({kind: make(settings) for kind, make in getattr(module, "SCHEDULES", {}).items()})
    return merged
