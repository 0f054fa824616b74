"""Nesting over HTTP: points of finer timeframes inside a point's last stroke, as known then."""

from typing import Any

from alphaloop.core.bar import Timeframe
from tests.features.market.shop import Shop
from tests.features.market.walks import MINUTE_MS, csv_of, walk
from tests.features.research.test_api import start_replay

UPPER = {"instrument": "BTCUSDT", "timeframe": "15m"}


async def structure(shop: Shop, timeframe: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = await shop.get("/chan/structure", instrument="BTCUSDT", timeframe=timeframe, **more)
    return found


async def test_each_point_found_lies_inside_the_last_stroke_of_the_one_it_confirms(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(20_000, seed=3)))
    known = {frame: await structure(shop, frame, limit=30_000) for frame in ("15m", "5m", "1m")}
    asked = [("15m", point, "5m,1m") for point in known["15m"]["points"]]
    asked += [("5m", point, "1m") for point in known["5m"]["points"][-40:]]
    seen = 0
    for top, point, levels in asked:
        ask = {"instrument": "BTCUSDT", "timeframe": top, "n": point["n"], "levels": levels}
        found = await shop.get("/chan/nested", **ask)
        assert (found["kind"], found["ts"]) == (point["kind"], point["ts"])
        for row in found["points"]:
            above = point if row["of"] is None else found["points"][row["of"]]
            frame = top if row["of"] is None else above["timeframe"]
            line = above["line"] if row["of"] is None else known[frame]["points"][above["n"]]["line"]
            stroke = known[frame]["strokes"][line]
            assert stroke["start_ts"] <= row["ts"] < stroke["end_ts"] + Timeframe(frame).ms
            own = known[row["timeframe"]]["points"][row["n"]]
            assert (own["kind"], own["ts"], own["price"]) == (row["kind"], row["ts"], row["price"])
            assert row["kind"][0] == point["kind"][0]
            assert row["known_ms"] == own["known_ts"] + Timeframe(row["timeframe"]).ms
            seen += 1
        stroke = known[top]["strokes"][point["line"]]
        for inside in found["inside"]:
            if inside["first_line"] is None:
                continue
            first, last = (known[inside["timeframe"]]["strokes"][inside[name]] for name in ("first_line", "last_line"))
            assert stroke["start_ts"] <= first["start_ts"]
            assert last["end_ts"] < stroke["end_ts"] + Timeframe(top).ms
    assert seen > 5


async def test_in_a_replay_only_what_was_known_then_confirms(shop: Shop) -> None:
    table = walk(12_000, seed=3)
    await shop.bring_in(csv_of(table))
    replay_id = await start_replay(shop, 7999)
    now = int(table.ts[7999]) + MINUTE_MS
    points = (await structure(shop, "15m", replay_id=replay_id))["points"]
    for point in points[-6:]:
        found = await shop.get("/chan/nested", **UPPER, n=point["n"], levels="1m", replay_id=replay_id)
        assert all(row["known_ms"] <= now for row in found["points"])
    gone = {"n": points[-1]["n"] + 50, "levels": "1m", "replay_id": replay_id}
    assert (await shop.get("/chan/nested", status=404, **UPPER, **gone))["code"] == "nothing_to_explain"


async def test_levels_must_go_from_coarse_to_fine(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(500)))
    for levels in ("", "15m", "1h", "1m,5m", "5m,5m", "7m"):
        await shop.get("/chan/nested", status=422, **UPPER, n=0, levels=levels)
