"""Rows and deltas: replacing from the said row always gives the new structure."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.features.research.rows import (
    LAYERS,
    price_text,
    sentence_parts,
    structure_delta,
    structure_rows,
    tail_of,
)
from alphaloop.kernels.chan import PRESETS, ChanState
from tests.features.market.walks import walk

TABLE = walk(900, seed=11)


def state_of(rows: int, start: int = 0) -> ChanState:
    state = ChanState(PRESETS["CN-STRICT-1"])
    part = TABLE.cut(start, rows)
    state.extend(part.ts, part.open, part.high, part.low, part.close, part.volume)
    return state


def rows_at(rows: int) -> dict[str, Any]:
    return structure_rows(state_of(rows).tables(), TABLE.ts, close=float(TABLE.close[rows - 1]), decimals=2)


def apply(shown: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    merged = {layer: [*shown[layer][: delta[layer]["from"]], *delta[layer]["rows"]] for layer in LAYERS}
    return {**merged, "state": delta["state"]}


@settings(max_examples=25, deadline=None)
@given(begin=st.integers(1, 880), steps=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_deltas_applied_one_after_another_give_the_whole(begin: int, steps: list[int]) -> None:
    state, row = state_of(begin), begin
    shown = rows_at(begin)
    before = tail_of(state.tables())
    for step in steps:
        part = TABLE.cut(row, min(row + step, len(TABLE)))
        if not len(part):
            break
        state.extend(part.ts, part.open, part.high, part.low, part.close, part.volume)
        row += len(part)
        after = tail_of(state.tables())
        delta = structure_delta(before, after, TABLE.ts, close=float(TABLE.close[row - 1]), decimals=2)
        shown, before = apply(shown, delta), after
        whole = rows_at(row)
        assert shown == {name: whole[name] for name in shown}


def test_a_bar_sends_only_what_it_changed() -> None:
    state = state_of(800)
    before = tail_of(state.tables())
    part = TABLE.cut(800, 801)
    state.extend(part.ts, part.open, part.high, part.low, part.close, part.volume)
    after = tail_of(state.tables())
    delta = structure_delta(before, after, TABLE.ts, close=float(part.close[0]), decimals=2)
    assert after.count("fractals") > 50
    for layer in LAYERS:
        assert len(delta[layer]["rows"]) <= 4
    everything = structure_delta(None, after, TABLE.ts, close=float(part.close[0]), decimals=2)
    assert len(everything["fractals"]["rows"]) == after.count("fractals")


@settings(max_examples=60, deadline=None)
@given(first=st.integers(0, 900), length=st.integers(0, 900))
def test_a_window_keeps_every_row_that_touches_it_and_numbers_them_the_same(first: int, length: int) -> None:
    tables = state_of(900).tables()
    whole = structure_rows(tables, TABLE.ts, close=100.0, decimals=2)
    part = structure_rows(tables, TABLE.ts, close=100.0, decimals=2, window=(first, first + length))
    for layer in LAYERS:
        start = part["first"][layer]
        assert part[layer] == whole[layer][start : start + len(part[layer])]
        left_out = whole[layer][:start] + whole[layer][start + len(part[layer]) :]
        known = TABLE.ts[first : first + length]
        for row in left_out:
            start_ts, end_ts = row.get("start_ts", row.get("ts")), row.get("end_ts", row.get("ts"))
            assert not len(known) or end_ts < known[0] or start_ts > known[-1]
    assert [row["n"] for row in part["strokes"]] == list(
        range(part["first"]["strokes"], part["first"]["strokes"] + len(part["strokes"]))
    )


def test_rows_are_plain_json_with_prices_as_text() -> None:
    whole = json.loads(json.dumps(rows_at(900)))
    assert len(whole["strokes"]) > 10
    assert len(whole["pivots"]) >= 1
    for stroke in whole["strokes"]:
        up = stroke["direction"] == "up"
        assert isinstance(stroke["start_price"], str)
        assert (float(stroke["end_price"]) > float(stroke["start_price"])) is up
        assert stroke["end_ts"] > stroke["start_ts"]
    for pivot in whole["pivots"]:
        assert float(pivot["dd"]) <= float(pivot["zd"]) < float(pivot["zg"]) <= float(pivot["gg"])
    for point in whole["points"]:
        assert point["side"] == ("buy" if point["kind"].startswith("B") else "sell")
        assert point["ratio"] is None or math.isfinite(point["ratio"])
    for segment in whole["segments"]:
        strokes = whole["strokes"][segment["first_line"] : segment["last_line"] + 1]
        assert (segment["start_ts"], segment["end_ts"]) == (strokes[0]["start_ts"], strokes[-1]["end_ts"])
    prices = {f"{value:.2f}".rstrip("0").rstrip(".") for value in np.concatenate([TABLE.high, TABLE.low])}
    assert {row["price"] for row in whole["fractals"]} <= prices


def test_nothing_is_said_before_the_first_stroke() -> None:
    tables = state_of(2).tables()
    assert sentence_parts(tail_of(tables), 100.0) is None
    rows = structure_rows(tables, TABLE.ts, close=100.0, decimals=2)
    assert not any(rows[layer] for layer in LAYERS)


def test_the_mood_follows_the_close_against_the_last_pivot() -> None:
    tables = state_of(900).tables()
    pivot = tables.pivots[0][-1]
    middle = (pivot["zg"] + pivot["zd"]) / 2
    moods = [sentence_parts(tail_of(tables), float(close)) for close in (middle, pivot["zg"] * 1.2, pivot["zd"] * 0.8)]
    keys = [mood["key"] for mood in moods if mood is not None]
    assert keys[0] == "in_pivot"
    assert keys[1].endswith("up")
    assert keys[2].endswith("down")


@pytest.mark.parametrize(
    ("value", "places", "text"), [(100.0, 2, "100"), (1.50, 2, "1.5"), (0.00001, 8, "0.00001"), (7.0, 0, "7")]
)
def test_prices_are_plain_text(value: float, places: int, text: str) -> None:
    assert price_text(value, places) == text
