"""What others may ask of research."""

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
from alphaloop.features.research.service.structure import Question, find_series, read_structure
from alphaloop.features.research.service.watch import WatchLine, watch_lines
from alphaloop.features.research.structures import DEFAULT_CONFIG, Structure, StructureBook

__all__ = [
    "DEFAULT_CONFIG",
    "SCREEN_JOB",
    "Question",
    "Structure",
    "StructureBook",
    "WatchLine",
    "change_screen",
    "delete_screen",
    "find_series",
    "get_screen",
    "list_screens",
    "note_matches",
    "read_screen",
    "read_structure",
    "save_screen",
    "start_screen",
    "watch_lines",
]
