"""Replays: what may be seen of a series while it is replayed, and who may move it."""

import asyncio

import pytest

from alphaloop.adapters.feeds.replay import ReplayStatus
from alphaloop.core.bar import Timeframe
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.features.market import service
from alphaloop.features.market.models import Replay
from alphaloop.infra.identity import SYSTEM, Actor, ActorType
from tests.features.market.shop import Shop
from tests.features.market.walks import MINUTE_MS, START_MS, csv_of, walk

OWNER = Actor(ActorType.USER, user_id=2, permissions=frozenset({"market.read"}))
OTHER = Actor(ActorType.USER, user_id=1, permissions=frozenset({"market.read"}))


async def make(shop: Shop, *, start_ts: int | None = None, speed: float = 5.0) -> Replay:
    async with shop.house.db.write() as session:
        return await service.create_replay(
            session,
            OWNER,
            shop.clock,
            shop.store,
            instrument="BTCUSDT",
            timeframe=Timeframe.M1,
            start_ts=start_ts,
            speed=speed,
        )


async def advance(shop: Shop, replay: Replay, bars: int = 1) -> Replay:
    async with shop.house.db.write() as session:
        cursor_ts = replay.cursor_ts + bars * MINUTE_MS
        return await service.advance_cursor(session, shop.clock, replay, cursor_ts=cursor_ts, bars=bars)


async def test_a_replay_shows_only_bars_closed_at_its_own_time(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(600)))
    replay = await make(shop, start_ts=START_MS + 100 * MINUTE_MS + 5)
    assert (replay.start_ts, replay.bars_total, replay.bars_done) == (START_MS + 100 * MINUTE_MS, 499, 0)
    seen = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1m", limit=1000, replay_id=str(replay.id))
    assert seen["bars"][-1][0] == START_MS + 100 * MINUTE_MS
    assert seen["as_of_ms"] == START_MS + 101 * MINUTE_MS
    hourly = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1h", replay_id=str(replay.id))
    assert [bar[0] for bar in hourly["bars"]] == [START_MS]
    replay = await advance(shop, replay, bars=19)
    hourly = await shop.get("/market/bars", instrument="BTCUSDT", timeframe="1h", replay_id=str(replay.id))
    assert [bar[0] for bar in hourly["bars"]] == [START_MS, START_MS + 60 * MINUTE_MS]
    await shop.get(
        "/market/bars", status=404, who=shop.admin, instrument="BTCUSDT", timeframe="1m", replay_id=str(replay.id)
    )


async def test_the_next_bars_are_exact_and_come_in_order(shop: Shop) -> None:
    table = walk(300)
    await shop.bring_in(csv_of(table))
    replay = await make(shop)
    async with shop.house.db.read() as session:
        key = await service.series_key(session, "BTCUSDT", Timeframe.M1)
    bars = await service.read_bars(shop.store, key, after_ts=replay.cursor_ts, limit=3)
    row = int(table.ts.searchsorted(replay.cursor_ts)) + 1
    assert [bar.ts_ms for bar in bars] == table.ts[row : row + 3].tolist()
    assert [str(bar.close) for bar in bars] == [
        f"{value:.2f}".rstrip("0").rstrip(".") for value in table.close[row : row + 3]
    ]
    assert bars[0].close_ms == bars[0].ts_ms + MINUTE_MS
    assert service.bar_row(bars[0])[0] == bars[0].ts_ms
    newest = await service.newest_bars(shop.store, key, limit=2, as_of_ms=bars[0].close_ms)
    assert newest[-1] == bars[0]


async def test_the_last_bar_ends_a_replay_for_good(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(10)))
    replay = await make(shop, start_ts=START_MS)
    replay = await advance(shop, replay, bars=8)
    assert (replay.bars_done, replay.status) == (8, ReplayStatus.PAUSED)
    replay = await advance(shop, replay)
    assert (replay.bars_done, replay.bars_total, replay.status) == (9, 9, ReplayStatus.ENDED)
    async with shop.house.db.write() as session:
        with pytest.raises(ConflictError, match="ended"):
            await service.set_status(session, OWNER, shop.clock, replay.id, status=ReplayStatus.PLAYING)


async def test_of_two_workers_moving_a_replay_one_is_refused(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(50)))
    replay = await make(shop, start_ts=START_MS)
    done = await asyncio.gather(advance(shop, replay), advance(shop, replay), return_exceptions=True)
    assert sorted(type(item).__name__ for item in done) == ["ConflictError", "Replay"]
    async with shop.house.db.read() as session:
        assert (await service.get_replay(session, SYSTEM, replay.id)).bars_done == 1


async def test_a_pause_during_a_turn_is_kept(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(50)))
    replay = await make(shop, start_ts=START_MS)
    async with shop.house.db.write() as session:
        playing = await service.set_status(session, OWNER, shop.clock, replay.id, status=ReplayStatus.PLAYING)
    async with shop.house.db.read() as session:
        assert [row.id for row in await service.playing_replays(session)] == [replay.id]
    async with shop.house.db.write() as session:
        await service.set_status(session, OWNER, shop.clock, replay.id, status=ReplayStatus.PAUSED)
        await service.set_speed(session, OWNER, shop.clock, replay.id, speed=0)
    moved = await advance(shop, playing)
    assert (moved.status, moved.speed, moved.bars_done) == (ReplayStatus.PAUSED, 0.0, 1)


async def test_a_replay_that_could_not_play_is_refused(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(50)))
    for start in (START_MS - 1, START_MS + 49 * MINUTE_MS):
        with pytest.raises(InvalidError):
            await make(shop, start_ts=start)
    for speed in (-1.0, float("nan"), float("inf"), 1e6):
        with pytest.raises(InvalidError):
            await make(shop, speed=speed)
    async with shop.house.db.write() as session:
        with pytest.raises(NotFoundError):
            await service.create_replay(
                session, OWNER, shop.clock, shop.store, instrument="BTCUSDT", timeframe=Timeframe.D1
            )
    replay = await make(shop)
    async with shop.house.db.read() as session:
        with pytest.raises(NotFoundError):
            await service.get_replay(session, OTHER, replay.id)
        assert await service.list_replays(session, OTHER) == []
        assert [row.id for row in await service.list_replays(session, OWNER)] == [replay.id]
