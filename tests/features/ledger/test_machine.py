"""Random histories of the ledger against a plain dictionary model, with the checker as the oracle after every step."""

import asyncio
import shutil
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import ConflictError
from alphaloop.features.ledger import service as ledger
from alphaloop.features.ledger.checks import find_violations
from alphaloop.features.ledger.models import LedgerBook, LedgerEntry
from alphaloop.infra.db import Database

OWNERS = st.integers(1, 3)
AMOUNTS = st.one_of(
    st.sampled_from([Decimal("1e-18"), Decimal("0.1"), Decimal(60), Decimal(10**6)]),
    st.decimals(Decimal("0.000001"), Decimal(1000), places=6),
)


class Books(RuleBasedStateMachine):
    """The model: totals and holds in dictionaries. The system: the real ledger on a fresh SQLite file."""

    template: Path
    defect: str | None = None

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        path = Path(self.folder) / "ledger.db"
        shutil.copy(self.template, path)
        self.loop = asyncio.new_event_loop()
        self.db = Database(f"sqlite+aiosqlite:///{path}")
        self.clock = ManualClock(datetime(2026, 1, 5, tzinfo=UTC))
        self.total: dict[int, Decimal] = defaultdict(Decimal)
        self.held: dict[int, dict[int, Decimal]] = defaultdict(dict)
        self.keys: dict[str, list[ledger.Line]] = {}
        self.steps = 0

    def teardown(self) -> None:
        self.loop.run_until_complete(self.db.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def free(self, owner: int) -> Decimal:
        return self.total[owner] - sum(self.held[owner].values(), Decimal(0))

    def post(self, kind: str, lines: list[ledger.Line], *, settles: bool = False, key: str | None = None) -> bool:
        key = key or f"k{len(self.keys)}"

        async def go() -> bool:
            async with self.db.write() as session:
                return await ledger.post(
                    session, kind=kind, key=key, lines=lines, at=self.clock.now(), settles_holds=settles
                )

        done = self.loop.run_until_complete(go())
        self.keys.setdefault(key, lines)
        return done

    @rule(owner=OWNERS, amount=AMOUNTS)
    def deposits(self, owner: int, amount: Decimal) -> None:
        line = ledger.Line(ledger.ACCOUNT, owner, "USDT", amount)
        assert self.post("deposit", [line, ledger.Line(ledger.SEED, 0, "USDT", -amount)])
        self.total[owner] += amount

    @rule(source=OWNERS, to=OWNERS, amount=AMOUNTS)
    def transfers(self, source: int, to: int, amount: Decimal) -> None:
        lines = [
            ledger.Line(ledger.ACCOUNT, source, "USDT", -amount),
            ledger.Line(ledger.ACCOUNT, to, "USDT", amount),
        ]
        if source != to and self.free(source) < amount:
            with pytest.raises(ConflictError):
                self.post("transfer", lines, key=f"refused{self.steps}")
            return
        assert self.post("transfer", lines, key=f"t{self.steps}")
        self.total[source] -= amount
        self.total[to] += amount

    @rule(owner=OWNERS, purpose=st.integers(1, 3), amount=st.one_of(st.just(Decimal(0)), AMOUNTS))
    def holds(self, owner: int, purpose: int, amount: Decimal) -> None:
        async def go() -> None:
            async with self.db.write() as session:
                await ledger.set_hold(
                    session,
                    owner_kind=ledger.ACCOUNT,
                    owner_id=owner,
                    asset="USDT",
                    purpose="order",
                    purpose_id=owner * 10 + purpose,
                    amount=amount,
                )

        before = self.held[owner].get(purpose, Decimal(0))
        if amount > before and amount - before > self.free(owner):
            with pytest.raises(ConflictError):
                self.loop.run_until_complete(go())
            return
        self.loop.run_until_complete(go())
        self.held[owner][purpose] = amount

    @rule(owner=OWNERS, purpose=st.integers(1, 3))
    def fills(self, owner: int, purpose: int) -> None:
        """What was held is spent: the hold goes and the money with it, in one transaction."""
        amount = self.held[owner].pop(purpose, Decimal(0))
        key = f"fill{self.steps}"

        async def go() -> None:
            async with self.db.write() as session:
                await ledger.release_hold(session, purpose="order", purpose_id=owner * 10 + purpose)
                lines = [
                    ledger.Line(ledger.ACCOUNT, owner, "USDT", -amount),
                    ledger.Line(ledger.VENUE, 0, "USDT", amount),
                ]
                await ledger.post(session, kind="fill", key=key, lines=lines, at=self.clock.now(), settles_holds=True)

        self.loop.run_until_complete(go())
        self.total[owner] -= amount

    @rule(data=st.data())
    def repeats(self, data: st.DataObject) -> None:
        """A fact that was posted already changes nothing."""
        if self.keys:
            key = data.draw(st.sampled_from(sorted(self.keys)))
            assert not self.post("repeat", self.keys[key], key=key)

    @invariant()
    def the_books_are_right(self) -> None:
        self.steps += 1

        async def look() -> tuple[list[str], dict[int, ledger.Balance]]:
            async with self.db.read() as session:
                found = {}
                for owner in (1, 2, 3):
                    books = await ledger.balances(session, ledger.ACCOUNT, owner)
                    found[owner] = books.get("USDT", ledger.Balance("USDT", Decimal(0), Decimal(0)))
                return await find_violations(session), found

        if self.defect is not None:
            self.loop.run_until_complete(self.plant())
        problems, found = self.loop.run_until_complete(look())
        assert problems == []
        for owner, balance in found.items():
            assert balance.total == self.total[owner]
            assert balance.free == self.free(owner)

    async def plant(self) -> None:
        """A known defect, switched on in one run to prove that the run can fail."""
        async with self.db.write() as session:
            if self.defect == "balance":
                mine = (LedgerBook.owner_kind == ledger.ACCOUNT, LedgerBook.balance != Decimal(0))
                await session.execute(update(LedgerBook).where(*mine).values(balance=Decimal("7")))
            else:
                first: Any = await session.scalar(select(func.min(LedgerEntry.id)))
                await session.execute(update(LedgerEntry).where(LedgerEntry.id == first).values(amount=Decimal("0.5")))


QUICK = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    database=None,
    suppress_health_check=list(HealthCheck),
)


def machine(template: Path, defect: str | None) -> type[Books]:
    return type("Books", (Books,), {"template": template, "defect": defect})


def test_no_random_history_breaks_the_ledger(empty_database: Path) -> None:
    run_state_machine_as_test(machine(empty_database, None), settings=QUICK)


@pytest.mark.parametrize("defect", ["balance", "entry"])
def test_the_same_run_catches_a_planted_defect(empty_database: Path, defect: str) -> None:
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine(empty_database, defect), settings=settings(QUICK, print_blob=False))
