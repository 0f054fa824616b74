"""Explanations as English sentences, for the command line; pages have words of their own."""

from math import isnan

from alphaloop.kernels.chan.explain.pairs import PairExplained
from alphaloop.kernels.chan.explain.points import PointExplained
from alphaloop.kernels.chan.explain.records import Check, Life, Line
from alphaloop.kernels.chan.explain.segments import SegmentExplained


def in_words(told: PairExplained | SegmentExplained | PointExplained) -> list[str]:
    """The explanation as whole sentences, the answer first."""
    if isinstance(told, PairExplained):
        return _pair(told)
    return _segment(told) if isinstance(told, SegmentExplained) else _point(told)


PAIR_WORDS = {
    "stroke": "They are the ends of stroke {n}.",
    "provisional": "They are the ends of stroke {n} for now; its end is not sure yet.",
    "same_kind": "Both are {kind}s, and a stroke joins a top and a bottom.",
    "end_moved_on": "Stroke {n} begins here, and its end has moved on to bar {end}, at {price}.",
    "not_further": "Stroke {n} begins here and had its end at bar {end}, {price}, which the second does not pass.",
    "turned_before": "The market had turned before the second one came: stroke {n} runs from bar {start} to {end}.",
    "inside_stroke": "The first is no end of a stroke: it lies inside stroke {n}, from bar {start} to {end}.",
    "before_first": "The very first stroke runs from bar {start} to {end}; what lies before belongs to none.",
    "no_stroke_yet": "Price has moved on, and no stroke stands so far.",
    "behind_last": "Stroke {n} ends at bar {end}, before the first one; the next stroke has to begin there.",
    "passed_since": "Price has passed an end here, and the strokes around it have not been drawn anew yet.",
}
CHECK_WORDS = {
    "span": "Merged bars from one to the other: {value}; it takes {limit}.",
    "raw_between": "Raw bars strictly between them: {value}; it takes {limit}.",
    "start_clear": "The first, at {value}, is not clear of the second: {bars} came to {limit}{by}.",
    "end_clear": "The second, at {value}, is not clear of the first: {bars} came to {limit}{by}.",
    "apart": "The two overlap: the first one's inner edge is {value}, and {bars} of the second came to {limit}{by}.",
    "beyond_start": "The second, at {value}, lies on the wrong side of the first, at {limit}.",
    "containment": "One lies inside the other: their lows are {value} and {limit}.",
    "extreme": "Between them {bars} came to {limit}{by}.",
}


def _pair(told: PairExplained) -> list[str]:
    kinds = ["top" if kind > 0 else "bottom" for kind in (told.from_kind, told.to_kind)]
    head = (
        f"From the {kinds[0]} at bar {told.from_idx} ({_price(told.from_price)}) "
        f"to the {kinds[1]} at bar {told.to_idx} ({_price(told.to_price)})."
    )
    refused = [check for check in told.checks if check.refuses]
    said = [head]
    if told.key in PAIR_WORDS:
        line = told.stroke or Line(-1, -1, -1, 0, 0.0, 0.0)
        place = {"n": line.n, "start": line.start_idx, "end": line.end_idx, "price": _price(line.end_price)}
        said.append(PAIR_WORDS[told.key].format(kind=kinds[0], **place))
    if told.stroke is None:
        said += [_filled(CHECK_WORDS[check.key], check) for check in refused if check.key in CHECK_WORDS]
    elif refused and told.key in ("stroke", "provisional"):
        said.append("It ended at an earlier fractal first; an end that moves further out needs no check.")
    elif told.key == "stroke":
        said.append("They are far enough apart, clear of each other, and nothing between passes the second.")
    return said


SEGMENT_WORDS = {
    "third_breaks": "{Line} {third} ends at {breaks}, past {breaks_limit} in the second element, which proves the end.",
    "later_line_breaks": "{Line} {third} does not yet pass the second element; {line} {proof} goes on to {goes_on}, "
    "which proves the end.",
    "next_fractal_proves": "The fractal of the segment after it, complete with {line} {proof}, proves the end.",
    "gap_waits": "No fractal after the end has proved it yet.",
    "break_waits": "{Line} {third} has not passed {breaks_limit}, and no later one decides yet.",
    "too_short": "Lines before that end: {lines}; a segment takes three.",
    "new_extreme_proves": "{Line} {proof} made a new extreme the other way, at {new_extreme}, which proves the end.",
    "next_two_prove": "The next two {line}s that way, up to {proof}, go on to {falls_on}, which proves the end.",
    "end_waits": "It is the furthest end so far; nothing has proved it yet.",
    "split_at_extreme": "It is part of the very first stretch, cut here at its extreme.",
    "split_rest": "It is the rest of the very first stretch, up to the end that was found.",
    "cut_at_extreme": "No end has been found{behind}; the {line}s are cut here at their extreme.",
    "rest": "No end has been found{behind}; this is what the {line}s leave.",
}


def _segment(told: SegmentExplained) -> list[str]:
    line, way = _name(told.level), "up" if told.line.direction > 0 else "down"
    over = f"{line}s {told.first_line} to {told.last_line}"
    if told.first_line == told.last_line:
        over = f"{line} {told.last_line}"
    said = [
        f"{_capital(_name(told.level + 1))} {told.n} goes {way} over {over}, "
        f"from bar {told.line.start_idx} ({_price(told.line.start_price)}) "
        f"to bar {told.line.end_idx} ({_price(told.line.end_price)})."
    ]
    if told.elements and told.key in ("cut_at_extreme", "rest"):
        said.append("So far the search for the next end has found:")
    for number, element in enumerate(told.elements, 1):
        lines = ", ".join(map(str, element.lines))
        said.append(f"Element {number}: {line} {lines}, {_price(element.low)} to {_price(element.high)}.")
    checks = {check.key: check for check in told.checks}
    if "no_gap" in checks:
        gap = checks["no_gap"]
        edges = f"{_price(gap.value)} to {_price(gap.limit)}"
        said.append(
            "The first two elements meet." if gap.holds else f"A gap, {edges}, parts the first two: it needs proof."
        )
    numbers = {key: _price(check.value) for key, check in checks.items()}
    limits = {f"{key}_limit": _price(check.limit) for key, check in checks.items()}
    behind = f" behind {_name(told.level + 1)} {told.behind}" if told.behind >= 0 else " yet"
    places = {"Line": _capital(line), "line": line, "third": told.third, "proof": told.proof, "behind": behind}
    said.append(SEGMENT_WORDS[told.key].format(**places, **numbers, **limits))
    return [*said, _life(told.life)]


POINT_WORDS = {
    "leaves": "The {line} ends at {value}{by} than the pivot's edge at {limit}.",
    "diverges": "Its force is {share} of that of {line} {compared}; at most {limit} is a divergence.",
    "gives_back": "It is {share} of the {line} that first led away; at most {limit} is allowed.",
    "overlaps": "It shares a range of {value} with the tests before it.",
    "holds": "It ends at {value} and does not pass {limit}.",
    "stays_out": "The {line} ends at {value}; the pivot's edge is {limit}, {distance} away.",
    "passes_peak": "It starts at {value}; the pivot's extreme is {limit}.",
}
POINT_HEADS = {
    "trend_weakens": "{segment} leaves pivot {pivot} with less force than it came.",
    "new_extreme_weakens": "{segment} makes a new extreme, weaker than the one before, with no pivot between to leave.",
    "first_test_holds": "The end of {segment} was tested for the first time, and held.",
    "later_test_holds": "The end of {segment} was tested again, and held.",
    "next_pivot_left": "After the end of {segment} price left pivot {pivot}, and did not come back.",
    "last_pivot_left": "After the end of {segment} price went back through pivot {pivot}, and stayed beyond it.",
}


def _point(told: PointExplained) -> list[str]:
    line, segment = _name(told.level), "the move"
    if told.segment:
        segment = f"{_name(told.level + 1)} {told.segment.n} ({told.segment.reason})"
    pivot = f"{told.pivot.n} ({_price(told.pivot.zd)} to {_price(told.pivot.zg)})" if told.pivot else ""
    head = POINT_HEADS[told.key].format(segment=segment, pivot=pivot)
    said = [
        f"{told.kind} at bar {told.idx}, {_price(told.price)}: the end of {line} {told.line.n}.",
        _capital(head),
    ]
    compared = told.compared.n if told.compared else -1
    for check in told.checks:
        if check.key in POINT_WORDS and check.required:
            said.append(_filled(POINT_WORDS[check.key], check, line=line, compared=compared))
    if told.measures:
        every = ", ".join(
            f"{one.name}{' (decides)' if one.decides else ''} {_ratio(one.ratio)}" for one in told.measures
        )
        said.append(f"Leaving over entering force: {every}.")
    settled = told.line_final_at
    end = f"its {line} can no longer change since bar {settled}" if settled >= 0 else f"its {line} may still change"
    return [*said, f"{_life(told.life)[:-1]}; {end}."]


def _filled(words: str, check: Check, **more: object) -> str:
    first, last = check.bars
    beyond = abs(check.value - check.limit)
    return words.format(
        value=_price(check.value),
        limit=_price(check.limit),
        share=_ratio(check.value),
        distance=_price(beyond),
        by=f", {_price(beyond)} further" if beyond else ", just as far",
        bars=f"bars {first} to {last}" if first != last else f"bar {first}",
        **more,
    )


def _name(level: int) -> str:
    names = ("stroke", "segment", "segment of segments")
    return names[level] if level < len(names) else f"level {level} segment"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _price(value: float) -> str:
    """As many digits as prices carry, and none that only float arithmetic made."""
    return f"{value:.8g}"


def _ratio(value: float) -> str:
    return "none to compare with" if isnan(value) else f"{value:.3g}"


def _life(life: Life) -> str:
    said = [f"Known since bar {life.known_at}"] if life.known_at >= 0 else ["Shown"]
    said.append(f"confirmed at {life.confirmed_at}" if life.confirmed_at >= 0 else "not confirmed")
    said.append(f"final at {life.final_at}" if life.final_at >= 0 else "not final")
    return ", ".join(said) + "."
