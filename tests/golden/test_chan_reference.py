"""The comparison with chan.py must see every difference that counts and none that does not."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks._chan_py import ChanPy, PeerError
from benchmarks.chan_reference import TIER_A, TIER_B, first_difference, share, shared

from alphaloop import chan

Layers = dict[str, list[dict[str, Any]]]


def segment(start: int, end: int, *, sure: bool = True, reason: str = "normal") -> dict[str, Any]:
    return {"start_idx": start, "end_idx": end, "direction": "up", "sure": sure, "n": 3, "reason": reason}


def point(idx: int, *types: str) -> dict[str, Any]:
    return {"idx": idx, "side": "buy", "types": list(types), "price": 10.0}


@pytest.fixture
def walked() -> Layers:
    random = np.random.default_rng(3)
    close = np.round(50 + np.cumsum(random.normal(0, 0.5, 400)), 1)
    opened = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opened, close) + 0.1, np.minimum(opened, close) - 0.1
    bars = {"ts": np.arange(400) * 60_000, "open": opened, "high": high, "low": low, "close": close}
    return chan.analyse(bars).to_golden()


def test_a_layer_equals_itself(walked: Layers) -> None:
    assert first_difference(walked, deepcopy(walked), TIER_A, only_sure=False) is None


@pytest.mark.parametrize("layer", TIER_A)
def test_one_changed_price_is_found_and_told_with_both_rows(walked: Layers, layer: str) -> None:
    theirs = deepcopy(walked)
    theirs[layer][4]["high"] += 0.1
    found = first_difference(walked, theirs, TIER_A, only_sure=False)
    assert found == {"layer": layer, "row": 4, "ours": walked[layer][4], "theirs": theirs[layer][4]}


@pytest.mark.parametrize("short", ["ours", "theirs"])
def test_a_row_that_only_one_side_has_is_a_difference(walked: Layers, short: str) -> None:
    sides = {"ours": walked, "theirs": deepcopy(walked)}
    missing = sides[short]["bi"].pop()
    found = first_difference(sides["ours"], sides["theirs"], TIER_A, only_sure=False)
    other = "theirs" if short == "ours" else "ours"
    assert found == {"layer": "bi", "row": len(sides[short]["bi"]), short: None, other: missing}


def test_unsure_segments_count_in_the_last_tier_only() -> None:
    ours = {"seg": [segment(0, 9), segment(9, 20, sure=False)], "zs": []}
    theirs = {"seg": [segment(0, 9), segment(9, 15, sure=False), segment(15, 20, sure=False)], "zs": []}
    assert first_difference(ours, theirs, TIER_B, only_sure=True) is None
    counts = shared(ours, theirs)["seg"]
    assert counts == {"equal": 1, "ours": 2, "theirs": 3}
    assert share(counts) == 1 / 4


def test_a_segment_that_only_one_side_calls_sure_is_a_difference() -> None:
    ours, theirs = {"seg": [segment(0, 9)]}, {"seg": [segment(0, 9, sure=False)]}
    found = first_difference(ours, theirs, TIER_B, only_sure=True)
    assert found
    assert found["theirs"] is None


def test_a_word_for_the_ending_and_the_order_of_types_make_no_difference() -> None:
    assert (
        first_difference({"seg": [segment(0, 9)]}, {"seg": [segment(0, 9, reason="x")]}, ["seg"], only_sure=True)
        is None
    )
    assert shared({"bsp": [point(4, "2", "3b")]}, {"bsp": [point(4, "3b", "2")]})["bsp"]["equal"] == 1


def test_a_layer_that_we_do_not_have_is_not_compared() -> None:
    theirs = {"seg": [segment(0, 9)], "zs": []}
    assert first_difference({"zs": []}, theirs, TIER_B, only_sure=True) is None
    assert list(shared({"zs": []}, theirs)) == ["zs"]
    assert share(shared({"zs": []}, theirs)["zs"]) is None


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match=r"there is no Chan\.py in it"):
        ChanPy(tmp_path)


def test_a_package_that_the_checkout_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "Common").mkdir()
    (tmp_path / "Common" / "CEnum.py").write_text("")
    (tmp_path / "Chan.py").write_text("import a_package_nobody_has\n")
    with pytest.raises(PeerError, match=r"needs the package 'a_package_nobody_has', which .* does not have"):
        ChanPy(tmp_path)
