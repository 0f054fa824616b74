"""Why the layers look as they do: pairs of fractals, ends of segments and points, told in keys and numbers.

Read over the finished tables and the bars, so that the machine itself stays free of it."""

from alphaloop.kernels.chan.explain.elements import Element
from alphaloop.kernels.chan.explain.measures import Measured
from alphaloop.kernels.chan.explain.pairs import PairExplained, explain_pair
from alphaloop.kernels.chan.explain.points import PointExplained, explain_point
from alphaloop.kernels.chan.explain.records import Check, Life, Line
from alphaloop.kernels.chan.explain.segments import SegmentExplained, explain_segment
from alphaloop.kernels.chan.explain.words import in_words

__all__ = [
    "Check",
    "Element",
    "Life",
    "Line",
    "Measured",
    "PairExplained",
    "PointExplained",
    "SegmentExplained",
    "explain_pair",
    "explain_point",
    "explain_segment",
    "in_words",
]
