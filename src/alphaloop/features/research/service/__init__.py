"""What others may ask of research."""

from alphaloop.features.research.configs import DEFAULT_CONFIG
from alphaloop.features.research.service.explain import explain_pair, explain_point, explain_segment
from alphaloop.features.research.service.nested import read_nested
from alphaloop.features.research.service.repaint import (
    REPAINT_JOB,
    note_repaint,
    read_events,
    read_repaint,
    start_repaint,
)
from alphaloop.features.research.service.screens import (
    SCREEN_JOB,
    change_screen,
    delete_screen,
    get_screen,
    list_screens,
    note_matches,
    read_screen,
    save_screen,
    start_screen,
)
from alphaloop.features.research.service.structure import Found, Question, find_series, read_structure
from alphaloop.features.research.service.watch import WatchLine, watch_lines
from alphaloop.features.research.structures import Structure, StructureBook

__all__ = [
    "DEFAULT_CONFIG",
    "REPAINT_JOB",
    "SCREEN_JOB",
    "Found",
    "Question",
    "Structure",
    "StructureBook",
    "WatchLine",
    "change_screen",
    "delete_screen",
    "explain_pair",
    "explain_point",
    "explain_segment",
    "find_series",
    "get_screen",
    "list_screens",
    "note_matches",
    "note_repaint",
    "read_events",
    "read_nested",
    "read_repaint",
    "read_screen",
    "read_structure",
    "save_screen",
    "start_repaint",
    "start_screen",
    "watch_lines",
]
