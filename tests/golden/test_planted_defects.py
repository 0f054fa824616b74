"""A check that cannot fail proves nothing: with one figure of a market wrong, the hand-worked days notice it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.engine import market_rules
from alphaloop.engine.market_rules import Dated, all_markets
from alphaloop.infra.db import Database
from tests.golden import test_futures_roll as roll
from tests.golden import test_markets as days

D = Decimal


@dataclass(frozen=True)
class Defect:
    """Every record of a kind about a board (and of that name) says something else; `case` has to notice."""

    case: str
    market: str
    kind: str
    board: str
    changes: dict[str, Any]
    name: str = ""

    def spoil(self, dated: Dated) -> Dated:
        about = (not dated.boards or self.board in dated.boards) and getattr(dated.rule, "name", "") == self.name
        return replace(dated, rule=replace(dated.rule, **self.changes)) if about else dated


SPOILT = {
    "stamp duty twice as high": Defect(
        "cn_a_week", "cn_a", "fee", "main", {"rate": D("0.001"), "side": "sell"}, name="stamp_duty"
    ),
    "a minimum commission of 4": Defect("cn_a_week", "cn_a", "fee", "main", {"minimum": D(4)}, name="commission"),
    "limits one percent wider": Defect("cn_a_week", "cn_a", "limit", "main", {"up": D("0.11"), "down": D("0.11")}),
    "settlement on the same day": Defect(
        "cn_a_t_plus_one_waits", "cn_a", "settlement", "main", {"sell_after_sessions": 0}
    ),
    "STAR bought by the hundred": Defect("cn_a_star_lots", "cn_a", "lot", "star", {"minimum": D(100), "step": D(100)}),
    "Beijing sold by the hundred": Defect("cn_a_bse_lots", "cn_a", "lot", "bse", {"step": D(100)}),
    "Hong Kong's duty of before": Defect("hk_fees", "hk", "fee", "", {"rate": D("0.0013")}, name="stamp_duty"),
    "FINRA's fee rounded to the cent": Defect("us_fees", "us", "fee", "", {"rounding": "half_up"}, name="taf"),
    "maintenance a tenth higher": Defect(
        "crypto_perpetual_cross", "crypto_perpetual", "bracket", "btc", {"rate": D("0.0044")}
    ),
}


@pytest.fixture(params=SPOILT.values(), ids=SPOILT.keys())
def defect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Defect]:
    planted: Defect = request.param
    yield from plant(planted, monkeypatch)


def plant(planted: Defect, monkeypatch: pytest.MonkeyPatch) -> Iterator[Defect]:
    """The markets with the defect in them, until the test is over."""
    sound = all_markets()
    market = sound[planted.market]
    rules = market.rules | {planted.kind: tuple(planted.spoil(one) for one in market.rules[planted.kind])}
    assert rules != market.rules
    spoilt = sound | {planted.market: replace(market, rules=rules)}
    monkeypatch.setattr(market_rules, "all_markets", lambda: spoilt)
    market_rules._narrowed.cache_clear()
    yield planted
    market_rules._narrowed.cache_clear()


def case_of(planted: Defect) -> days.Case:
    return days.read_case(next(path for path in days.CASES if path.stem == planted.case))


def test_the_simulator_s_days_notice(defect: Defect) -> None:
    with pytest.raises(AssertionError):
        days.test_the_simulator_fills_as_worked_out_by_hand(case_of(defect))


@pytest.mark.database
async def test_the_paper_venue_s_days_notice(defect: Defect, db: Database, clock: ManualClock) -> None:
    with pytest.raises(AssertionError):
        await days.test_the_paper_venue_fills_as_worked_out_by_hand(case_of(defect), db, clock)


@pytest.mark.database
async def test_the_ticket_s_days_notice(defect: Defect, db: Database, clock: ManualClock) -> None:
    with pytest.raises(AssertionError):
        await days.test_the_ticket_answers_as_worked_out_by_hand(case_of(defect), db, clock)


def test_a_roll_a_session_too_late_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Defect("", "futures_cn", "roll", "", {"sessions_before": 4})
    for _ in plant(late, monkeypatch):
        with pytest.raises(AssertionError):
            roll.test_a_position_leaves_its_contract_the_stated_sessions_before_the_last()
        with pytest.raises(AssertionError):
            roll.test_the_simulator_rolls_as_worked_out_by_hand()
