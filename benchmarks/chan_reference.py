"""Holds our Chan layers against chan.py, which runs as a black box over every bar file of the test data: a rule that
looks right on a few series is often wrong on the next.

Tier A: merged, fx and bi are equal row by row. Tier B: so are the rows of seg and zs that are sure. Tier C counts all
rows above the strokes, unsure ones included, and asks nothing."""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from sys import executable
from time import perf_counter
from typing import Any

import polars as pl

from alphaloop import chan
from benchmarks._chan_py import COLUMNS, ChanPy, PeerError

OPTIONS = {
    "checkout": "a work tree of chan.py (needed)",
    "data": "a folder with data/bars/CLASS/…/*.parquet; ALPHALOOP_TEST_DATA or ../shared when not given",
    "python": "the Python that runs chan.py, 3.11 or later; this one when not given",
}
BARS = 6000
FILE_S = 300
TIER_A, TIER_B = ("merged", "fx", "bi"), ("seg", "zs")
TIER_C = ("seg", "zs", "bsp", "segseg", "segzs", "segbsp")

Row = dict[str, Any]
Layers = Mapping[str, Sequence[Row]]


def comparable(rows: Sequence[Row]) -> list[Row]:
    """Rows without what is no part of the result: chan.py's name for how a segment ended, and the order of types."""
    kept = [{key: value for key, value in row.items() if key != "reason"} for row in rows]
    return [{**row, "types": sorted(row["types"])} if "types" in row else row for row in kept]


def first_difference(ours: Layers, theirs: Layers, layers: Sequence[str], *, only_sure: bool) -> Row | None:
    """{layer, row, ours, theirs} of the first row that differs, None when all are equal; a missing row is None.

    A layer that we do not have is passed over."""
    for layer in layers:
        if layer not in ours:
            continue
        mine, other = (comparable(side[layer]) for side in (ours, theirs))
        if only_sure:
            mine, other = ([row for row in rows if row["sure"]] for rows in (mine, other))
        for number, pair in enumerate(zip_longest(mine, other)):
            if pair[0] != pair[1]:
                return {"layer": layer, "row": number, "ours": pair[0], "theirs": pair[1]}
    return None


def shared(ours: Layers, theirs: Layers) -> dict[str, Counter[str]]:
    """Layer → how many rows are equal, ours and theirs, in any order."""
    counts = {}
    for layer in TIER_C:
        if layer in ours:
            mine, other = (Counter(map(repr, map(_in_order, comparable(side[layer])))) for side in (ours, theirs))
            both = (mine & other).total()
            counts[layer] = Counter(equal=both, ours=mine.total(), theirs=other.total())
    return counts


def _in_order(row: Row) -> list[tuple[str, Any]]:
    return sorted(row.items())


def share(count: Mapping[str, int]) -> float | None:
    """Equal rows among all rows of the two; None when neither has any."""
    every = count["ours"] + count["theirs"] - count["equal"]
    return count["equal"] / every if every else None


def read_bars(path: Path) -> dict[str, list[Any]]:
    """The first BARS bars of a file as columns, ts in epoch milliseconds."""
    frame = pl.read_parquet(path, columns=list(COLUMNS), n_rows=BARS)
    return {**frame.to_dict(as_series=False), "ts": frame["ts"].dt.epoch("ms").to_list()}


def run(
    json: bool, *, checkout: str | None = None, data: str | None = None, python: str | None = None
) -> dict[str, Any]:
    """Compare every bar file and print a table by asset class; `agree` is False when tier A or B differs anywhere."""
    if not checkout:
        raise SystemExit("--checkout PATH is needed: a work tree of chan.py.")
    folder = data or os.environ.get("ALPHALOOP_TEST_DATA") or Path(__file__).parents[2] / "shared"
    root = Path(folder) / "data" / "bars"
    files = sorted(root.rglob("*.parquet"))
    if not files:
        raise SystemExit(f"There are no bar files in {root}.")
    began = perf_counter()
    classes: dict[str, dict[str, Any]] = {}
    differing: list[Row] = []
    try:
        with ChanPy(Path(checkout), python or executable) as peer:
            for path in files:
                name = path.relative_to(root)
                tally = classes.setdefault(name.parts[0], _tally())
                differing += [{"file": str(name), **found} for found in _compare_file(peer, path, tally)]
    except PeerError as error:
        raise SystemExit(str(error)) from None
    figures = {"agree": not differing, "classes": classes, "differing": differing, "seconds": perf_counter() - began}
    if not json:
        _show(figures)
    return figures


def _tally() -> dict[str, Any]:
    return {"files": 0, "bars": 0, "tier_a": 0, "tier_b": 0, "tier_c": defaultdict(Counter)}


def _compare_file(peer: ChanPy, path: Path, tally: dict[str, Any]) -> list[Row]:
    """The first difference of each tier in this file; `tally` is counted up."""
    bars = read_bars(path)
    peer.send("rows", bars)
    ours = chan.analyse(bars, "CN-STRICT-1").to_golden()
    try:
        theirs = peer.receive(timeout_s=FILE_S)
    except PeerError as error:
        raise PeerError(f"{path}: {error}") from None
    found = {
        "tier_a": first_difference(ours, theirs, TIER_A, only_sure=False),
        "tier_b": first_difference(ours, theirs, TIER_B, only_sure=True),
    }
    tally["files"] += 1
    tally["bars"] += len(bars["ts"])
    for tier, difference in found.items():
        tally[tier] += difference is None
    for layer, counts in shared(ours, theirs).items():
        tally["tier_c"][layer].update(counts)
    return [{"tier": tier, **difference} for tier, difference in found.items() if difference]


def _show(figures: dict[str, Any]) -> None:
    whole = _tally()
    for tally in figures["classes"].values():
        for key in ("files", "bars", "tier_a", "tier_b"):
            whole[key] += tally[key]
        for layer, counts in tally["tier_c"].items():
            whole["tier_c"][layer].update(counts)
    layers = [layer for layer in TIER_C if layer in whole["tier_c"]]
    heads = "".join(f"{layer:>9}" for layer in layers)
    print(f"{'asset class':<18}{'files':>6}{'bars':>11}{'A equal':>9}{'B equal':>9}{heads}")
    for name, tally in [*figures["classes"].items(), ("all", whole)]:
        counts = "".join(
            f"{tally[key]:>{width},}" for key, width in (("files", 6), ("bars", 11), ("tier_a", 9), ("tier_b", 9))
        )
        shares = [share(tally["tier_c"][layer]) for layer in layers]
        print(f"{name:<18}{counts}" + "".join(f"{'-' if one is None else f'{one:.2%}':>9}" for one in shares))
    print("\nall rows, unsure ones too        equal      ours   chan.py")
    for layer in layers:
        print(f"  {layer:<26}" + "".join(f"{whole['tier_c'][layer][key]:>10,}" for key in ("equal", "ours", "theirs")))
    absent = [layer for layer in TIER_C if layer not in layers]
    if absent:
        print(f"not compared, as we have no such layer: {', '.join(absent)}")
    for one in figures["differing"]:
        print(f"\n{one['file']}: {one['layer']} row {one['row']}\n  ours    {one['ours']}\n  chan.py {one['theirs']}")
    print(f"\n{figures['seconds']:.0f} s")
