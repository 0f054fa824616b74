"""What other rooms and the edge may ask of the catalogue."""

from alphaloop.features.catalog.service.codes import Code, code_of, find_code, is_on, must_be_on
from alphaloop.features.catalog.service.managing import (
    Door,
    add_strategy,
    set_auto_execute,
    set_params,
    set_risk_profile,
    toggle,
)
from alphaloop.features.catalog.service.reading import (
    get_strategy,
    list_strategies,
    list_versions,
    note_performance,
    note_run,
    note_verified,
)
from alphaloop.features.catalog.service.schedules import Due, clear_schedule, due_runs, set_schedule, symbols_of
from alphaloop.features.catalog.service.shelving import OWN_PREFIX, shelve

__all__ = [
    "OWN_PREFIX",
    "Code",
    "Door",
    "Due",
    "add_strategy",
    "clear_schedule",
    "code_of",
    "due_runs",
    "find_code",
    "get_strategy",
    "is_on",
    "list_strategies",
    "list_versions",
    "must_be_on",
    "note_performance",
    "note_run",
    "note_verified",
    "set_auto_execute",
    "set_params",
    "set_risk_profile",
    "set_schedule",
    "shelve",
    "symbols_of",
    "toggle",
]
