"""A replay over HTTP starts its account on the margin somebody asked for."""

from pathlib import Path

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.infra.db import Database
from tests.builders import BTC
from tests.journeys.town import open_town

pytestmark = pytest.mark.database


async def test_leverage_and_margin_of_a_replay_are_its_accounts(
    db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    async with open_town(db, clock, tmp_path / "home") as town:
        body = {"instrument": BTC.symbol, "timeframe": "30m"}
        replay = await town.made("POST", "/replays", json=body | {"leverage": "10", "isolated": True})
        account = await town.made("GET", f"/accounts/{replay['account_id']}")
        assert (account["leverage"], account["isolated"]) == ("10", True)
        plain = await town.made("POST", "/replays", json=body)
        account = await town.made("GET", f"/accounts/{plain['account_id']}")
        assert (account["leverage"], account["isolated"]) == ("1", False)
        refused = await town.send("POST", "/replays", json=body | {"leverage": "126"})
        assert refused.json()["detail"] == [{"field": "leverage", "code": "out_of_range"}]
