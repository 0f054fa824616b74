"""The feature sequence of a segment, read a second time: the lines against it, joined into at most three elements."""

from dataclasses import dataclass

from alphaloop.kernels.chan.explain.records import Table


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a feature sequence: the lines that were joined into it, and the range that is left of them.

    Joining keeps the edge in the segment's direction and the inner one next to it: going up the higher high and the
    higher low, going down the lower ones."""

    lines: tuple[int, ...]
    high: float
    low: float


@dataclass(frozen=True, slots=True)
class Window:
    """One attempt at an end: up to three elements from feature line `first` on.

    failed   the attempt is over, the next one begins two lines later
    peak     the last line that carries the second element's outer edge; the segment would end with the line before it
    third    the line that made the third element, so that the three are a fractal; -1 = not yet"""

    first: int
    elements: tuple[Element, ...]
    failed: bool
    peak: int
    third: int


class _Range:
    """An element as it grows, in the segment's own sign, so that both directions read alike."""

    def __init__(self, line: int, outer: float, inner: float) -> None:
        self.lines, self.outer, self.inner = [line], outer, inner

    def join(self, line: int, outer: float, inner: float) -> None:
        self.lines.append(line)
        self.outer, self.inner = max(self.outer, outer), max(self.inner, inner)

    def told(self, s: int) -> Element:
        high, low = (self.outer, self.inner) if s > 0 else (-self.inner, -self.outer)
        return Element(tuple(self.lines), high, low)


def read_window(lines: Table, first: int, direction: int, stop: int) -> Window:
    """The elements that begin with line `first`, for a segment going `direction`, over the lines before `stop`."""
    found: list[_Range] = []
    peak = -1
    failed, third = False, -1
    for j in range(first, stop, 2):
        outer = direction * float(lines[j]["start_price"])
        inner = direction * float(lines[j]["end_price"])
        if not found:
            found.append(_Range(j, outer, inner))
        elif len(found) == 1:
            if outer <= found[0].outer and inner >= found[0].inner:
                found[0].join(j, outer, inner)
                continue
            found.append(_Range(j, outer, inner))
            peak = j
            failed = outer < found[0].outer
        elif _joins(found[1], outer, inner):
            peak = j if outer >= found[1].outer else peak
            found[1].join(j, outer, inner)
        else:
            falls = outer <= found[1].outer and inner < found[1].inner
            failed = not (found[0].outer < found[1].outer and falls)
            if not failed:
                found.append(_Range(j, outer, inner))
                third = j
            break
        if failed:
            break
    return Window(first, tuple(one.told(direction) for one in found), failed, peak, third)


def _joins(second: _Range, outer: float, inner: float) -> bool:
    inside = outer <= second.outer and inner >= second.inner
    around = outer >= second.outer and inner <= second.inner
    return inside or (around and not (outer == second.outer and inner < second.inner))


def search(lines: Table, begin: int, direction: int) -> Window | None:
    """How far the search for the end of a segment that begins with line `begin` has come: the attempt that stands, or
    None when there is no feature line yet."""
    first, stop, window = begin + 1, len(lines), None
    while first < stop:
        window = read_window(lines, first, direction, stop)
        if not window.failed and not (window.third >= 0 and _refuted(lines, window, direction)):
            return window
        first += 2
    return window


def _refuted(lines: Table, window: Window, s: int) -> bool:
    """The third element turned out to be no break: the lines behind it went back before they went on."""
    x, stop = window.third, len(lines)
    end = s * float(lines[x]["end_price"])
    if end < s * float(lines[window.elements[1].lines[-1]]["end_price"]):
        return False
    if x + 2 < stop:
        # A stroke with another behind it was sure once; of segments the table says so.
        once = "reason" not in (lines.dtype.names or ()) or bool(lines[x + 2]["sure"])
        return once and x + 3 < stop and not s * float(lines[x + 2]["end_price"]) < end
    edge = window.elements[1].high if s > 0 else -window.elements[1].low
    return x + 1 < stop and s * float(lines[x + 1]["end_price"]) > edge
