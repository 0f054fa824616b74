"""Sessions of what a person configured: its own code and parameters trade, and nothing that is switched off does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.entrypoints.turn import load_turns, reread
from alphaloop.infra.db import Database
from tests.builders import BTC
from tests.entrypoints.test_turn import make_floor
from tests.journeys.town import Town, open_town


@pytest.fixture
async def town(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, clock, tmp_path / "home") as opened:
        yield opened


async def step(town: Town, replay_id: str, bars: int) -> None:
    trading = make_floor(town.wiring)
    turns = await load_turns(trading, await reread(trading, int(replay_id)))
    for bar in await turns.next_bars(bars):
        await turns.run(bar)
    await turns.close()


async def test_a_configured_strategy_trades_until_it_is_switched_off(town: Town) -> None:
    base = {"base": "reversion/bollinger", "name": "Mine", "params": {"period": 30}}
    made = await town.made("POST", "/strategies", json=base)
    replay = await town.made("POST", "/replays", json={"instrument": BTC.symbol, "timeframe": "30m"})
    asked: dict[str, Any] = {
        "account_id": replay["account_id"],
        "strategy": made["key"],
        "params": {"width": 1.5},
        "instrument": BTC.symbol,
        "timeframe": "30m",
    }
    strange = await town.send("POST", "/sessions", who="bert", json=asked)
    assert (strange.status_code, strange.json()["code"]) == (404, "strategy_not_found")
    row = await town.made("POST", "/sessions", json=asked)
    assert (row["strategy"], row["params"]) == (made["key"], {**made["current_params"], "width": 1.5})
    await step(town, replay["id"], 2)
    where = f"/sessions/{row['id']}"
    assert (await town.send("GET", where)).json()["status"] == "RUNNING"
    await town.send("POST", f"/strategies/{made['key']}/toggle")
    await step(town, replay["id"], 1)
    paused = (await town.send("GET", where)).json()
    assert (paused["status"], paused["reason"].split(":")[0]) == ("PAUSED", "strategy_off")
    again = await town.send("POST", f"{where}/start")
    assert (again.status_code, again.json()["code"]) == (409, "strategy_off")
    await town.send("POST", f"{where}/stop")
    anew = await town.send("POST", "/sessions", json=asked)
    assert (anew.status_code, anew.json()["code"]) == (409, "strategy_off")
