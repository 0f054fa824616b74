"""What others may ask of research."""

from alphaloop.features.research.service.structure import Question, find_series, read_structure
from alphaloop.features.research.service.watch import WatchLine, watch_lines
from alphaloop.features.research.structures import DEFAULT_CONFIG, Structure, StructureBook

__all__ = [
    "DEFAULT_CONFIG",
    "Question",
    "Structure",
    "StructureBook",
    "WatchLine",
    "find_series",
    "read_structure",
    "watch_lines",
]
