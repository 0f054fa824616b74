"""Fixtures of the signals room: a desk on a replay with a strategy's row, and a web process with a worker."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alphaloop.core.clock import ManualClock
from alphaloop.engine.risk import Limits
from alphaloop.features.catalog import api as catalog_api
from alphaloop.features.catalog import service as catalog
from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.schemas import Label, RiskProfile, StrategyFace
from alphaloop.features.signals import api, jobs, service
from alphaloop.features.signals.models import RunStatus, StrategyRun, TradingSignal, Trigger
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import LocalWorker
from alphaloop.infra.settings import Settings
from tests.builders import BTC, START_MS, STEP_MS, Desk, open_desk
from tests.features.catalog.conftest import file_db
from tests.features.market.shop import Shop, open_shop

__all__ = ["file_db"]
WORD = Label(zh="x", en="x")
FACE = StrategyFace(
    key="chan/some", category="chan", category_label=WORD, label=WORD, summary=WORD, params=[], code_hash="a"
)
ROOMY = Limits(
    max_orders_per_minute=100,
    max_single_order_pct=Decimal(1),
    max_single_position_pct=Decimal(1),
    price_band_pct=Decimal(1),
)


def intent(**changes: Any) -> dict[str, Any]:
    """What a scan says of one instrument: long with half of the equity, from the newest bar on, which closed at 100."""
    return {
        "instrument": BTC.symbol,
        "target": 0.5,
        "sizing": "WEIGHT",
        "episode": START_MS,
        "age": 0,
        "stop": 95.0,
        "take": 110.0,
        "trail": None,
        "strength": None,
        "reason": "because",
        "group": None,
        "price": 100.0,
        "ts_ms": START_MS,
        "close_ms": START_MS + STEP_MS,
        "volatility": 0.01,
        "factors": {"short_reversal": -0.02},
    } | changes


@dataclass
class Floor:
    """A desk, a strategy of its person's own, and the short cuts of these tests."""

    desk: Desk
    strategy: StrategyRow
    jobs: int = 0

    @property
    def db(self) -> Database:
        return self.desk.db

    async def fire(self, *intents: dict[str, Any], auto: bool = False) -> list[TradingSignal]:
        """Keep what a run found, as its job would."""
        self.jobs += 1
        clock, job_id = self.desk.clock, self.jobs
        async with self.db.write() as session:
            run = StrategyRun(
                strategy_id=self.strategy.id,
                user_id=self.desk.actor.person,
                account_id=self.desk.account.id,
                job_id=job_id,
                trigger=Trigger.MANUAL,
                run_status=RunStatus.RUNNING,
                params={},
                instruments=[BTC.symbol],
                timeframe="30m",
                auto_execute=auto,
                signal_count=0,
                created_at=clock.now(),
            )
            session.add(run)
        async with self.db.write() as session:
            return await service.keep_signals(session, run.id, intents, clock=clock)

    async def signal(self, signal_id: int) -> TradingSignal:
        async with self.db.read() as session:
            found = await session.scalar(select(TradingSignal).where(TradingSignal.id == signal_id))
            assert found is not None
            return found

    async def profile(self, **values: Any) -> None:
        async with self.db.write() as session:
            named, door = str(self.strategy.id), catalog.Door(managers_named=False)
            clock, actor = self.desk.clock, self.desk.actor
            await catalog.set_risk_profile(session, actor, door, named, RiskProfile(**values), clock=clock)


async def open_floor(db: Database, clock: ManualClock, **options: Any) -> Floor:
    """The floor over any database; the strategy is the person's, so that they may set what they like of it."""
    desk = await open_desk(db, clock, limits=ROOMY, **options)
    await catalog.shelve(db, clock, [FACE])
    async with db.write() as session:
        row = await catalog.get_strategy(session, desk.actor, FACE.key, lock=True)
        row.creator_id, row.risk_profile = desk.actor.person, {"max_position_pct": 1.0}
    return Floor(desk, row)


@pytest.fixture
async def floor(file_db: Database, clock: ManualClock) -> Floor:
    return await open_floor(file_db, clock)


@pytest.fixture
async def shop(file_db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(file_db, clock, tmp_path / "home", access_token_minutes=60) as opened:
        for router in (*api.ROUTERS, catalog_api.router):
            opened.house.app.include_router(router, prefix="/api/v1")
        yield opened


def worker_of(shop: Shop) -> LocalWorker:
    wiring = shop.house.wiring
    return LocalWorker(wiring.db, shop.clock, jobs.HANDLERS, holder="test", parts={Settings: wiring.settings})
