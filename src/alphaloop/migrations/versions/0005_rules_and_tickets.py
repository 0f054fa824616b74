"""Under which market's rules an instrument trades, and the book of those who trade by hand."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from alphaloop.infra import columns

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def _key() -> Any:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _amounts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, columns.Amount(precision=38, scale=18), nullable=nullable) for name in names]


def upgrade() -> None:
    with op.batch_alter_table("instruments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("market", sa.String(length=24), server_default="", nullable=False))
        batch_op.add_column(sa.Column("board", sa.String(length=24), server_default="", nullable=False))
        batch_op.add_column(sa.Column("listed", sa.Date(), nullable=True))
    op.create_table(
        "manual_tickets",
        sa.Column("seq", _key(), autoincrement=True, nullable=False),
        sa.Column("account_id", _key(), nullable=False),
        sa.Column("client_order_id", sa.String(length=36), nullable=False),
        sa.Column("instrument", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        *_amounts("quantity"),
        *_amounts("price", "stop_price", nullable=True),
        sa.Column("oco_group", sa.String(length=64), nullable=True),
        sa.Column("ts_ms", _key(), nullable=False),
        *_amounts("filled"),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_manual_tickets")),
        sa.UniqueConstraint("account_id", "client_order_id", name=op.f("uq_manual_tickets_account_id_client_order_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    with op.batch_alter_table("manual_tickets", schema=None) as batch_op:
        batch_op.create_index("ix_manual_tickets_open", ["account_id", "status"], unique=False)
    op.create_table(
        "manual_fills",
        sa.Column("position", _key(), autoincrement=True, nullable=False),
        sa.Column("account_id", _key(), nullable=False),
        sa.Column("trade_id", sa.String(length=64), nullable=False),
        sa.Column("client_order_id", sa.String(length=36), nullable=False),
        sa.Column("venue_order_id", sa.String(length=40), nullable=False),
        sa.Column("instrument", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        *_amounts("quantity", "price", "fee"),
        sa.Column("fee_asset", sa.String(length=32), nullable=False),
        sa.Column("ts_ms", _key(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_manual_fills")),
        sa.UniqueConstraint("account_id", "trade_id", name=op.f("uq_manual_fills_account_id_trade_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("manual_fills")
    op.drop_table("manual_tickets")
    with op.batch_alter_table("instruments", schema=None) as batch_op:
        for name in ("listed", "board", "market"):
            batch_op.drop_column(name)
