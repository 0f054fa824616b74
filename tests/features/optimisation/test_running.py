"""What a question asks of its strategy is judged where the strategy is loaded, before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from alphaloop.core.errors import AlphaLoopError
from alphaloop.features.market.service import extra_places
from alphaloop.features.optimisation import running, service
from alphaloop.infra.jobs.crew import Crew
from tests.features.market.shop import Shop
from tests.features.market.walks import csv_of, walk
from tests.features.optimisation.test_api import ASKED

Told = list[dict[str, Any]]


class Listener:
    """Hears what a child would send ahead."""

    def __init__(self) -> None:
        self.parts: Told = []

    def __call__(self, done: int, total: int, note: str) -> None:
        assert done <= total

    def part(self, value: dict[str, Any]) -> None:
        self.parts.append(value)


async def arguments(shop: Shop, **changes: Any) -> dict[str, Any]:
    asked = await shop.send("POST", "/optimisations", status=202, json=ASKED | changes)
    settings = shop.house.wiring.settings
    places = {
        "bars_dir": settings.bars_dir,
        "strategies_dir": Path("nowhere"),
        "extra_places": extra_places(settings),
        "processes": 1,
    }
    async with shop.house.wiring.db.read() as session:
        return await service.arguments_of(session, int(asked["id"])) | places


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"strategy": "reversion/nothing"}, "unknown_strategy"),
        ({"ranges": {"perod": {}}}, "bad_parameter"),
        ({"ranges": {"period": {"low": 1}}}, "bad_parameter"),
        ({"ranges": {"period": {"low": 30, "high": 20}}}, "bad_range"),
        ({"constraints": [{"left": "perod", "op": "<", "right": 3}]}, "bad_constraint"),
        ({"trials": 20}, "grid_too_large"),
        ({"ranges": {"period": {}}, "method": "random"}, "too_few_bars"),
        (
            {"strategy": "macro/sector_rotation", "ranges": {"top_n": {"values": [1]}}, "constraints": []},
            "nothing_runs",
        ),
    ],
)
async def test_what_does_not_fit_the_strategy_is_refused_with_words(
    shop: Shop, changes: dict[str, Any], code: str
) -> None:
    await shop.bring_in(csv_of(walk(400)))
    listener = Listener()
    with pytest.raises(AlphaLoopError) as refusal:
        running.run(await arguments(shop, **changes), listener)  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert [part for part in listener.parts if "trials" in part] == []


async def test_a_search_without_time_ends_at_once_and_has_no_best(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(400)))
    asked = await arguments(shop)
    asked["search"] = {**asked["search"], "seconds": -1}
    listener = Listener()
    assert running.run(asked, listener) == {"best": None, "verdict": None}  # type: ignore[arg-type]
    layout = listener.parts[0]["layout"]
    assert running.space_of(layout).size == 21


async def test_more_processes_find_the_same(shop: Shop) -> None:
    await shop.bring_in(csv_of(walk(400)))
    asked = await arguments(shop)
    asked.pop("past")
    ready = running.make_ready(asked)
    points = list(ready.plan.space.grid())[:4]
    alone = running.work(ready, points)
    with Crew(running.make_ready, running.work, asked, count=2) as crew:
        assert crew.share(points) == alone
