"""Presets: an account for a market starts with that market's money, fees, benchmark and colours."""

from decimal import Decimal

import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import InvalidError
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.service import MarginTerms
from alphaloop.infra.db import Database
from tests.builders import add_person

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    ("market", "cash", "currency", "colours"),
    [
        ("cn_a", "1000000", "CNY", "red_up"),
        ("hk", "1000000", "HKD", "green_up"),
        ("us", "100000", "USD", "green_up"),
        ("crypto_perpetual", "100000", "USDT", "green_up"),
    ],
)
async def test_a_market_says_what_its_account_starts_with(
    db: Database, clock: ManualClock, market: str, cash: str, currency: str, colours: str
) -> None:
    actor = await add_person(db, clock)
    async with db.write() as session:
        account = await accounts.open_paper_account(session, actor, clock=clock, name="a", market=market)
    assert (account.opening_cash, account.quote_asset, account.colours) == (Decimal(cash), currency, colours)
    assert account.benchmark
    assert account.fee_rate == accounts.find_preset(market).commission


async def test_what_is_said_wins_over_the_preset(db: Database, clock: ManualClock) -> None:
    actor = await add_person(db, clock)
    async with db.write() as session:
        account = await accounts.open_paper_account(
            session,
            actor,
            clock=clock,
            name="a",
            market="us",
            cash=Decimal(5000),
            terms=MarginTerms(fractional=True),
        )
    assert (account.opening_cash, account.quote_asset, account.fractional) == (Decimal(5000), "USD", True)


async def test_an_unknown_market_and_absurd_leverage_are_refused(db: Database, clock: ManualClock) -> None:
    actor = await add_person(db, clock)
    async with db.write() as session:
        with pytest.raises(InvalidError, match="no preset"):
            await accounts.open_paper_account(session, actor, clock=clock, name="a", market="moon")
        with pytest.raises(InvalidError, match="Leverage"):
            await accounts.open_paper_account(
                session, actor, clock=clock, name="a", market="us", terms=MarginTerms(leverage=Decimal(500))
            )
        with pytest.raises(InvalidError, match="Opening cash"):
            await accounts.open_paper_account(session, actor, clock=clock, name="a")


def test_every_preset_names_a_benchmark_and_a_calendar_that_is_known() -> None:
    presets = {one.market: one for one in accounts.list_presets()}
    assert {"cn_a", "hk", "us", "crypto_spot", "crypto_perpetual"} <= presets.keys()
    assert all("@" in one.benchmark and one.calendar for one in presets.values())
