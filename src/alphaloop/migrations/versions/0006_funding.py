"""What perpetuals pay at each settlement, and the money of an account that no trade explains."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from alphaloop.infra import columns

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def _key() -> Any:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _amounts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, columns.Amount(precision=38, scale=18), nullable=nullable) for name in names]


def _table(name: str, *parts: Any) -> None:
    op.create_table(
        name,
        sa.Column("id", _key(), autoincrement=True, nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def _points_to(table: str, column: str, target: str, target_column: str = "id") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.{target_column}"], name=name)


def upgrade() -> None:
    _table(
        "funding_rates",
        sa.Column("instrument_id", _key(), nullable=False),
        sa.Column("ts_ms", _key(), nullable=False),
        *_amounts("rate"),
        *_amounts("mark", nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        _points_to("funding_rates", "instrument_id", "instruments"),
        sa.UniqueConstraint("instrument_id", "ts_ms", name=op.f("uq_funding_rates_instrument_id_ts_ms")),
    )
    _table(
        "cash_flows",
        sa.Column("account_id", _key(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("instrument", sa.String(length=64), nullable=False),
        sa.Column("asset", sa.String(length=32), nullable=False),
        *_amounts("amount", "quantity"),
        *_amounts("rate", "price", nullable=True),
        sa.Column("ts_ms", _key(), nullable=False),
        sa.Column("booked_at", columns.UtcTime(), nullable=False),
        _points_to("cash_flows", "account_id", "accounts"),
        sa.UniqueConstraint(
            "account_id", "instrument", "kind", "ts_ms", name=op.f("uq_cash_flows_account_id_instrument_kind_ts_ms")
        ),
    )
    _table(
        "paper_fundings",
        sa.Column("account_id", _key(), nullable=False),
        sa.Column("instrument", sa.String(length=64), nullable=False),
        sa.Column("ts_ms", _key(), nullable=False),
        *_amounts("quantity", "paid"),
        _points_to("paper_fundings", "account_id", "paper_accounts", "account_id"),
        sa.UniqueConstraint(
            "account_id", "instrument", "ts_ms", name=op.f("uq_paper_fundings_account_id_instrument_ts_ms")
        ),
    )
    with op.batch_alter_table("paper_days", schema=None) as batch_op:
        batch_op.drop_column("funded_ms")


def downgrade() -> None:
    with op.batch_alter_table("paper_days", schema=None) as batch_op:
        batch_op.add_column(sa.Column("funded_ms", _key(), server_default="-1", nullable=False))
    for name in ("paper_fundings", "cash_flows", "funding_rates"):
        op.drop_table(name)
