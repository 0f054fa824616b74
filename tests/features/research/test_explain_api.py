"""Explanations over HTTP tell of the rows that the structure shows, with rules that hold or say no."""

from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest

from alphaloop.features.research import explain_schemas as schemas
from alphaloop.kernels.chan.explain import pairs, points, words
from tests.features.market.shop import Shop
from tests.features.market.walks import MINUTE_MS, START_MS, csv_of, walk
from tests.features.research.test_api import start_replay

BTC = {"instrument": "BTCUSDT", "timeframe": "1m"}


async def structure(shop: Shop, rows: int = 6000, **more: Any) -> dict[str, Any]:
    await shop.bring_in(csv_of(walk(rows, seed=3)))
    found: dict[str, Any] = await shop.get("/chan/structure", **BTC, **more)
    return found


def test_every_key_of_the_kernel_is_told_on_the_wire() -> None:
    assert set(get_args(schemas.PointKey)) == set(points.KEYS.values()) == set(words.POINT_HEADS)
    assert set(get_args(schemas.PairKey)) == set(words.PAIR_WORDS) | set(pairs.REFUSALS.values())
    assert set(get_args(schemas.SegmentKey)) == set(words.SEGMENT_WORDS)


@pytest.mark.parametrize("config", ["CN-STRICT-1", "czsc-6"])
async def test_each_point_is_explained_by_rules_that_hold(shop: Shop, config: str) -> None:
    found = await structure(shop, config=config)
    for level, layer, lines in ((0, "points", "strokes"), (1, "segment_points", "segments")):
        for row in found[layer][-12:]:
            told = await shop.get("/chan/explain", **BTC, config=config, layer="point", level=level, n=row["n"])
            assert (told["kind"], told["ts"], told["price"]) == (row["kind"], row["ts"], row["price"])
            line = next(one for one in found[lines] if one["n"] == row["line"])
            assert told["line"]["end_ts"] == line["end_ts"] == row["ts"]
            assert told["checks"]
            assert all(check["holds"] for check in told["checks"] if check["required"])
            assert told["life"]["known_ts"] == row["known_ts"]
            if row["kind"][1:] in ("1", "1p"):
                assert round(told["ratio"], 4) == row["ratio"]
                assert [one["name"] for one in told["measures"] if one["decides"]] == [told["measure"]]
                assert len(told["measures"]) > 5
    assert len(found["points"]) > 10


async def test_neighbouring_fractals_are_a_stroke_or_are_told_the_rule_that_refused(shop: Shop) -> None:
    found = await structure(shop, 2000)
    strokes = {(row["start_ts"], row["end_ts"]) for row in found["strokes"]}
    fractals = found["fractals"]
    refused = 0
    for first, second in pairwise(fractals[5:46]):
        ask = {"from_ts": second["ts"], "to_ts": first["ts"]}  # either order
        told = await shop.get("/chan/explain", **BTC, layer="pair", **ask)
        assert (told["start"], told["end"]) == (first, second)
        if (first["ts"], second["ts"]) in strokes:
            assert told["key"] in ("stroke", "provisional")
            assert told["stroke"]["start_ts"] == first["ts"]
        else:
            assert told["key"] not in ("stroke", "provisional")
            refused += any(check["required"] and not check["holds"] for check in told["checks"])
    assert refused > 20
    whole = [row for row in strokes if row[0] > fractals[0]["ts"]]
    for start, end in sorted(whole)[:10]:
        told = await shop.get("/chan/explain", **BTC, layer="pair", from_ts=start, to_ts=end)
        assert told["key"] in ("stroke", "provisional")


async def test_each_segment_is_explained_by_its_elements(shop: Shop) -> None:
    found = await structure(shop)
    for level, layer in ((0, "segments"), (1, "segments2")):
        for row in found[layer]:
            told = await shop.get("/chan/explain", **BTC, layer="segment", level=level, n=row["n"])
            assert (told["line"]["start_ts"], told["line"]["end_ts"]) == (row["start_ts"], row["end_ts"])
            assert (told["reason"], told["sure"]) == (row["reason"], row["sure"])
            if row["reason"] == "proven":
                assert len(told["elements"]) == 3
                assert told["proof"] is not None
    assert {row["reason"] for row in found["segments"]} > {"proven"}


async def test_in_a_replay_the_explanation_is_that_of_its_own_time(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(3000, seed=3)))
    replay_id = await start_replay(shop, 1499)
    then = await shop.get("/chan/structure", **BTC, replay_id=replay_id)
    newest = then["points"][-1]["n"]
    told = await shop.get("/chan/explain", **BTC, layer="point", n=newest, replay_id=replay_id)
    assert told["as_of_ms"] == START_MS + 1500 * MINUTE_MS
    assert max(told["life"]["known_ts"], told["ts"]) < told["as_of_ms"]
    gone = {"layer": "point", "n": newest + 200}
    assert (await shop.get("/chan/explain", status=404, **BTC, **gone, replay_id=replay_id))["code"] == (
        "nothing_to_explain"
    )


async def test_what_is_not_there_cannot_be_explained(shop: Shop) -> None:
    found = await structure(shop, 600)
    fractal, bar = found["fractals"][3]["ts"], START_MS
    for status, code, more in (
        (404, "nothing_to_explain", {"layer": "point", "n": 10_000}),
        (404, "nothing_to_explain", {"layer": "segment", "level": 4, "n": 0}),
        (404, "no_fractal", {"layer": "pair", "from_ts": fractal, "to_ts": bar}),
        (404, "no_fractal", {"layer": "pair", "from_ts": fractal, "to_ts": fractal + 1}),
        (422, "one_fractal", {"layer": "pair", "from_ts": fractal, "to_ts": fractal}),
        (422, "invalid", {"layer": "pair", "from_ts": fractal}),
        (422, "invalid", {"layer": "point"}),
        (422, "invalid", {"layer": "stroke", "n": 1}),
        (422, "unknown_config", {"layer": "point", "n": 1, "config": "MINE"}),
    ):
        assert (await shop.get("/chan/explain", status=status, **BTC, **more))["code"] == code
    for more in ({"layer": "segment", "n": -1}, {"layer": "point", "n": "x"}):
        await shop.get("/chan/explain", status=422, **BTC, **more)
    coarse = {"instrument": "BTCUSDT", "timeframe": "1d"}
    await shop.get("/chan/explain", status=404, **coarse, layer="point", n=0)


@pytest.mark.data
async def test_a_real_divergence_names_its_pivot_lines_and_forces(shop: Shop, test_data: Path) -> None:
    bars = (test_data / "golden" / "chan" / "goog_1d" / "bars.csv").read_bytes()
    await shop.bring_in(bars, instrument="GOOG", timeframe="1d")
    goog = {"instrument": "GOOG", "timeframe": "1d"}
    points = (await shop.get("/chan/structure", **goog))["points"]
    buy = next(row for row in points if row["kind"] == "B1")
    assert buy["price"] == "437"
    told = await shop.get("/chan/explain", **goog, layer="point", n=buy["n"])
    assert told["key"] == "trend_weakens"
    assert float(told["pivot"]["zd"]) > 437
    decides = next(one for one in told["measures"] if one["decides"])
    assert decides["name"] == "peak"
    assert decides["leaving"] / decides["entering"] == pytest.approx(told["ratio"], rel=1e-12)
    assert told["ratio"] <= told["threshold"] == 0.9
