"""Column types that keep money exact, times aware and keys 64-bit on SQLite, PostgreSQL and MySQL alike."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Double, Integer, MetaData, Numeric, String, Table, event
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

from alphaloop.core.money import EXACT, plain, stored

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite auto-increments only an INTEGER primary key, which is 64-bit there anyway.
Key = BigInteger().with_variant(Integer, "sqlite")


class Amount(TypeDecorator[Decimal]):
    """NUMERIC(38,18); on SQLite plain decimal text, because SQLite would keep a binary float.

    Text does not sort or add in SQL there: sum amounts in Python, or keep them in scaled integers.
    """

    impl = Numeric(38, 18)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(60))
        return dialect.type_descriptor(Numeric(38, 18))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, Decimal) or not value.is_finite():
            raise TypeError("money columns take finite Decimals only")
        exact = stored(value)
        return plain(exact) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else EXACT.plus(Decimal(value)).normalize(EXACT)


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out, microseconds kept; naive times are refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("times are stored aware; this one has no zone")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Model(DeclarativeBase):
    """Every table's parent: one metadata with stable constraint names, so that migrations can name what they change."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {Decimal: Amount, datetime: UtcTime, float: Double, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


@event.listens_for(Table, "after_parent_attach")
def _compare_text_exactly(table: Table, _parent: Any) -> None:
    # MySQL's defaults cannot hold every character and take a for A: text is the same on every database only this way.
    table.dialect_options["mysql"]["charset"] = "utf8mb4"
    table.dialect_options["mysql"]["collate"] = "utf8mb4_bin"
