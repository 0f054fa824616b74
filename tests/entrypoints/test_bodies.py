"""How much a body may weigh where files are handed over, and everywhere else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.features.market.api import FILE_PATHS
from alphaloop.infra.db import Database
from tests.journeys.town import Town, open_town

pytestmark = pytest.mark.database
TWO_MB = b"ts,open,high,low,close\n" + b"2024-01-01,1,2,0.5,1\n" * 100_000


@pytest.fixture
async def town(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, clock, tmp_path / "home") as opened:
        yield opened


@pytest.mark.parametrize("path", sorted(FILE_PATHS))
async def test_a_file_of_two_megabytes_is_read(town: Town, path: str) -> None:
    form = {"instrument": "BTC/USDT:USDT@binance", "timeframe": "1d"}
    known = {"columns": {}, "import": form, "actions/import": {"instrument": "AAPL"}, "funding/import": form}
    known["extras/import"] = {"name": "vix"}
    data = dict(known[path.removeprefix("/api/v1/market/")])
    if not path.endswith("market/import"):
        data.pop("timeframe", None)
    answer = await town.send(
        "POST", path.removeprefix("/api/v1"), data=data, files={"file": ("bars.csv", TWO_MB, "text/csv")}
    )
    # Whatever is wrong with its rows, its weight is not.
    assert answer.status_code in (200, 422), answer.text
    assert answer.json().get("code") in (None, "bad_bar_file"), answer.text


async def test_elsewhere_a_megabyte_is_the_most(town: Town) -> None:
    answer = await town.send("POST", "/trading/tickets/statement", files={"file": ("day.csv", TWO_MB, "text/csv")})
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
