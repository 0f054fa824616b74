"""Chan structures and the watch list over HTTP, as of the present and as of a replay's own time."""

from pathlib import Path
from typing import Any

import pytest

from alphaloop.core.bar import Timeframe
from alphaloop.features.market import service as market
from alphaloop.features.research.rows import LAYERS, structure_rows
from alphaloop.infra.identity import Actor, ActorType
from alphaloop.kernels.chan import PRESETS, ChanState
from tests.features.market.shop import Shop
from tests.features.market.walks import MINUTE_MS, START_MS, csv_of, walk

OWNER = Actor(ActorType.USER, user_id=2, permissions=frozenset({"market.read"}))


async def start_replay(shop: Shop, start_row: int) -> str:
    async with shop.house.db.write() as session:
        replay = await market.create_replay(
            session,
            OWNER,
            shop.clock,
            shop.store,
            instrument="BTCUSDT",
            timeframe=Timeframe.M1,
            start_ts=START_MS + start_row * MINUTE_MS,
        )
    return str(replay.id)


async def test_the_structure_is_the_kernels_and_grows_with_the_replay(shop: Shop) -> None:
    table = walk(800)
    await shop.bring_in(csv_of(table))
    replay_id = await start_replay(shop, 399)
    for rows in (400, 401, 460):
        if rows > 400:
            async with shop.house.db.write() as session:
                replay = await market.get_replay(session, OWNER, int(replay_id))
                done = rows - 400 - replay.bars_done
                cursor = int(table.ts[rows - 1])
                await market.advance_cursor(session, shop.clock, replay, cursor_ts=cursor, bars=done)
        found = await shop.get("/chan/structure", instrument="BTCUSDT", timeframe="1m", replay_id=replay_id)
        state = ChanState(PRESETS["CN-STRICT-1"])
        known = table.cut(0, rows)
        state.extend(known.ts, known.open, known.high, known.low, known.close, known.volume)
        expected = structure_rows(state.tables(), known.ts, close=float(known.close[-1]), decimals=2)
        assert {name: found[name] for name in expected} == expected
        assert set(expected["first"]) == set(LAYERS)
        assert (found["bars"], found["first_ts"], found["config"]) == (rows, START_MS, "CN-STRICT-1")
        assert found["as_of_ms"] == START_MS + rows * MINUTE_MS
    await shop.get(
        "/chan/structure", status=404, who=shop.admin, instrument="BTCUSDT", timeframe="1m", replay_id=replay_id
    )


async def test_a_window_names_where_its_rows_begin(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(800)))
    whole = await shop.get("/chan/structure", instrument="BTCUSDT", timeframe="1m")
    part = await shop.get("/chan/structure", instrument="BTCUSDT", timeframe="1m", limit=200)
    assert part["bars"] == 200
    assert 0 < len(part["strokes"]) < len(whole["strokes"])
    assert part["strokes"] == whole["strokes"][part["first"]["strokes"] :]
    assert part["fractals"] == whole["fractals"][part["first"]["fractals"] :]
    assert part["state"] == whole["state"]
    assert part["state"]["key"] in ("up", "down", "in_pivot", "leaving_up", "leaving_down")


async def test_several_timeframes_come_over_the_same_time(shop: Shop) -> None:
    table = walk(3000)
    await shop.bring_in(csv_of(table))
    found = await shop.get(
        "/chan/structure", instrument="BTCUSDT", timeframe="5m", limit=120, levels="1m,5m,15m,1m", config="new-stroke"
    )
    assert found["timeframe"] == "5m"
    assert [(level["timeframe"], level["bars"]) for level in found["levels"]] == [("1m", 120), ("15m", 40)]
    for level in found["levels"]:
        alone = await shop.get(
            "/chan/structure", instrument="BTCUSDT", timeframe=level["timeframe"], config="new-stroke"
        )
        assert level["first_ts"] >= found["first_ts"]
        assert level["strokes"] == alone["strokes"][level["first"]["strokes"] :]
        assert level["state"] == alone["state"]
        assert level["strokes"]
    await shop.get("/chan/structure", status=422, instrument="BTCUSDT", timeframe="5m", levels="7m")


async def test_the_watch_list_follows_the_replays_time(shop: Shop) -> None:
    table = walk(3000)
    await shop.bring_in(csv_of(table))
    await shop.bring_in(csv_of(walk(60, step_ms=1440 * MINUTE_MS)), instrument="ETHUSDT", timeframe="1d")
    now = (await shop.get("/market/watch"))["items"]
    assert [item["alias"] for item in now] == ["BTCUSDT", "ETHUSDT"]
    assert now[0]["last"] == f"{table.close[-1]:.2f}".rstrip("0").rstrip(".")
    replay_id = await start_replay(shop, 1999)
    then = (await shop.get("/market/watch", replay_id=replay_id))["items"]
    assert (then[0]["alias"], then[0]["timeframe"], then[0]["ts"]) == ("BTCUSDT", "1m", int(table.ts[1999]))
    assert then[0]["last"] == f"{table.close[1999]:.2f}".rstrip("0").rstrip(".")
    day_before = float(table.close[1439])
    assert then[0]["change_pct"] == pytest.approx((float(table.close[1999]) / day_before - 1) * 100, abs=1e-3)
    assert then[0]["chan"]["state"] is not None
    daily = next(item for item in then if item["alias"] == "ETHUSDT")
    assert daily["ts"] == START_MS  # the second day had not closed yet
    assert daily["change_pct"] is None


async def test_bad_questions_are_refused(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(50)))
    ask: dict[str, Any] = {"instrument": "BTCUSDT", "timeframe": "1m"}
    refused = await shop.get("/chan/structure", status=422, **ask, config="MINE")
    assert refused["code"] == "unknown_config"
    for name, values in {
        "config": ("", "x" * 41, "CN STRICT", "a\nb"),
        "limit": ("0", "200001", "1e3", "NaN", "1_0", "٣"),
        "before": ("NaN", "1e400", "9" * 30, "now"),
        "replay_id": ("-1", "x", str(2**63)),
        "instrument": ("", "a b", "x" * 65),
        "timeframe": ("2m", "1m\n", ""),
    }.items():
        for value in values:
            await shop.get("/chan/structure", status=422, **{**ask, name: value})
    await shop.get("/chan/structure", status=404, instrument="NOPE", timeframe="1m")
    await shop.get("/chan/structure", status=404, instrument="BTCUSDT", timeframe="1m", replay_id="77")
    await shop.get("/market/watch", status=404, replay_id="77")
    await shop.get("/market/watch", status=422, limit="51")
    made = await shop.get("/chan/structure", instrument="BTCUSDT", timeframe="1h")
    assert (made["bars"], made["state"], made["first_ts"]) == (0, None, None)
    assert (await shop.client.get("/api/v1/chan/structure", params=ask)).status_code == 401


@pytest.mark.data
async def test_strokes_of_a_real_series_come_out_as_in_the_golden_file(shop: Shop, test_data: Path) -> None:
    import json

    folder = test_data / "golden" / "chan" / "goog_1d"
    await shop.bring_in((folder / "bars.csv").read_bytes(), instrument="GOOG", timeframe="1d")
    found = await shop.get("/chan/structure", instrument="GOOG", timeframe="1d", limit=200_000)
    golden = [row for row in json.loads((folder / "bi.json").read_text()) if row.get("sure", True)]
    sure = [row for row in found["strokes"] if row["sure"]]
    assert len(sure) == len(golden)
    assert [row["direction"] for row in sure] == [str(row["direction"]).lower() for row in golden]
