"""Saved Chan screens, and how much of what was published of a series was taken back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from alphaloop.infra import columns

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "chan_screens",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("alert", sa.Boolean(), nullable=False),
        sa.Column("matched", sa.JSON(), nullable=False),
        sa.Column("ran_at", columns.UtcTime(), nullable=True),
        sa.Column("created_at", columns.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_chan_screens_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chan_screens")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_chan_screens_user_id_name")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_table(
        "chan_repaints",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("instrument", sa.String(length=64), nullable=False),
        sa.Column("timeframe", sa.String(length=4), nullable=False),
        sa.Column("config", sa.String(length=40), nullable=False),
        sa.Column("bars", sa.Integer(), nullable=False),
        sa.Column("first_ts", key, nullable=False),
        sa.Column("last_ts", key, nullable=False),
        sa.Column("counted", sa.JSON(), nullable=False),
        sa.Column("measured_at", columns.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chan_repaints")),
        sa.UniqueConstraint(
            "instrument", "timeframe", "config", name=op.f("uq_chan_repaints_instrument_timeframe_config")
        ),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    op.drop_table("chan_repaints")
    op.drop_table("chan_screens")
