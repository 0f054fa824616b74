"""A signal is one row per session, instrument and episode, from its first moment to its end."""

from decimal import Decimal

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.core.signal import Desired, SignalStatus, Sizing
from alphaloop.features.signals import service as signals
from alphaloop.infra.db import Database
from tests.builders import BTC, START_MS, add_account, add_person

pytestmark = pytest.mark.database


async def test_the_same_episode_is_one_signal_and_its_end_is_kept(db: Database, clock: ManualClock) -> None:
    actor = await add_person(db, clock)
    account = await add_account(db, clock, actor)
    origin = signals.Origin(actor.person, account.id, 1, "reversion/bollinger", BTC.symbol, "30m")
    ids = []
    for episode in (7, 7, 9):
        async with db.write() as session:
            row = await signals.record_signal(
                session,
                origin,
                Desired(target=-0.5, sizing=Sizing.WEIGHT, episode=episode, reason="r" * 300),
                price=Decimal("100.5"),
                stop=Decimal(110),
                take=None,
                ts_ms=START_MS,
                clock=clock,
            )
            await signals.settle_signal(session, row, SignalStatus.EXECUTED, clock=clock, quantity=Decimal("0.25"))
            ids.append(row.id)
    assert ids[0] == ids[1] != ids[2]
    async with db.read() as session:
        newest, oldest = await signals.list_signals(session, [account.id], session_id=1, before=None, limit=9)
        assert await signals.list_signals(session, [account.id], session_id=2, before=None, limit=9) == []
        older = await signals.list_signals(session, [account.id], session_id=None, before=newest.id, limit=9)
    assert [row.id for row in older] == [oldest.id]
    assert (oldest.direction, oldest.signal_status, oldest.position_size) == ("SHORT", "EXECUTED", Decimal("0.25"))
    assert (len(oldest.reason), oldest.executed_at) == (128, clock.now())
