"""What market rules ask accounts, marks, positions and the paper venue to remember."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from alphaloop.infra import columns

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def _added() -> dict[str, tuple[sa.Column[Any], ...]]:
    """New columns by table, made anew for each use."""
    return {
        "accounts": (
            sa.Column("market", sa.String(length=24), server_default="", nullable=False),
            sa.Column("benchmark", sa.String(length=64), nullable=True),
            sa.Column("colours", sa.String(length=8), nullable=True),
            sa.Column("leverage", columns.Amount(precision=38, scale=18), server_default="1", nullable=False),
            sa.Column("isolated", sa.Boolean(), server_default=sa.false(), nullable=False),
            sa.Column("fractional", sa.Boolean(), server_default=sa.false(), nullable=False),
        ),
        "paper_accounts": (
            sa.Column("leverage", columns.Amount(precision=38, scale=18), server_default="1", nullable=False),
            sa.Column("isolated", sa.Boolean(), server_default=sa.false(), nullable=False),
            sa.Column("fractional", sa.Boolean(), server_default=sa.false(), nullable=False),
        ),
        "paper_positions": (
            sa.Column("average", columns.Amount(precision=38, scale=18), server_default="0", nullable=False),
        ),
        "paper_orders": (
            sa.Column("notional", columns.Amount(precision=38, scale=18), server_default="0", nullable=False),
        ),
        "account_marks": (
            sa.Column("day", sa.Date(), nullable=True),
            sa.Column("reference", columns.Amount(precision=38, scale=18), nullable=True),
        ),
        "positions": (
            sa.Column("bought", columns.Amount(precision=38, scale=18), server_default="0", nullable=False),
            sa.Column("bought_day", sa.Date(), nullable=True),
        ),
    }


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    amount = columns.Amount(precision=38, scale=18)
    op.create_table(
        "paper_days",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("account_id", key, nullable=False),
        sa.Column("instrument", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("reference", amount, nullable=True),
        sa.Column("close", amount, nullable=True),
        sa.Column("bought", amount, nullable=False),
        sa.Column("seen_ms", key, nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=True),
        sa.Column("funded_ms", key, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["paper_accounts.account_id"], name=op.f("fk_paper_days_account_id_paper_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_days")),
        sa.UniqueConstraint("account_id", "instrument", name=op.f("uq_paper_days_account_id_instrument")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    for table, added in _added().items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in added:
                batch_op.add_column(column)


def downgrade() -> None:
    for table, added in reversed(list(_added().items())):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in reversed(added):
                batch_op.drop_column(column.name)
    op.drop_table("paper_days")
