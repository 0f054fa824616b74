"""Column types: money exact, times aware, keys 64-bit, text compared exactly."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateTable

from alphaloop.core.money import stored
from alphaloop.features.users.models import User
from alphaloop.infra.columns import Amount, Key, UtcTime


class Row(DeclarativeBase):
    type_annotation_map = {Decimal: Amount, datetime: UtcTime}  # noqa: RUF012


class Thing(Row):
    __tablename__ = "things"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    amount: Mapped[Decimal | None]
    at: Mapped[datetime | None]


ENGINE = create_engine("sqlite://")
Row.metadata.create_all(ENGINE)


def round_trip(**values: Any) -> Any:
    with ENGINE.begin() as connection:
        made: Any = connection.execute(insert(Thing).values(**values)).inserted_primary_key
        return connection.execute(select(Thing.amount, Thing.at).where(Thing.id == made[0])).one()


amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**19), max_value=10**19, places=18)


@given(amounts)
def test_an_amount_comes_back_to_the_last_digit(amount: Decimal) -> None:
    assert round_trip(amount=amount).amount == amount


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9))
def test_more_digits_than_a_column_keeps_are_rounded_half_even(amount: Decimal) -> None:
    assert round_trip(amount=amount).amount == stored(amount)


@pytest.mark.parametrize("wrong", [1.5, 1, "1.5", Decimal("NaN"), Decimal("Infinity"), True])
def test_money_that_is_no_finite_decimal_is_refused(wrong: Any) -> None:
    with pytest.raises((TypeError, StatementError), match="finite Decimals only"):
        round_trip(amount=wrong)


@given(st.integers(-2_208_988_800, 7_258_118_400), st.integers(0, 999_999), st.timezones())
def test_a_time_comes_back_the_same_instant_in_utc(second: int, microsecond: int, zone: tzinfo) -> None:
    at = (datetime.fromtimestamp(second, UTC) + timedelta(microseconds=microsecond)).astimezone(zone)
    found = round_trip(at=at).at
    assert found == at.astimezone(UTC)
    assert found.tzinfo is UTC


def test_a_naive_time_is_refused() -> None:
    with pytest.raises((TypeError, StatementError), match="no zone"):
        round_trip(at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_nothing_stays_nothing() -> None:
    assert round_trip(amount=None, at=None) == (None, None)
    shifted = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert round_trip(at=shifted).at == datetime(2026, 1, 1, tzinfo=UTC)


DIALECTS: dict[str, Any] = {
    name: module.dialect for name, module in (("postgresql", postgresql), ("mysql", mysql), ("sqlite", sqlite))
}


def ddl(model: Any, dialect: str) -> str:
    return str(CreateTable(model.__table__).compile(dialect=DIALECTS[dialect]()))


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        ("postgresql", ["NUMERIC(38, 18)", "TIMESTAMP WITH TIME ZONE", "BIGSERIAL"]),
        ("mysql", ["NUMERIC(38, 18)", "DATETIME(6)", "BIGINT"]),
        ("sqlite", ["VARCHAR(60)", "DATETIME", "INTEGER"]),
    ],
)
def test_each_database_gets_its_own_types(dialect: str, words: list[str]) -> None:
    made = ddl(Thing, dialect)
    assert all(word in made for word in words)


def test_mysql_holds_every_character_and_compares_exactly() -> None:
    made = ddl(User, "mysql")
    assert "CHARSET=utf8mb4" in made
    assert "COLLATE utf8mb4_bin" in made
