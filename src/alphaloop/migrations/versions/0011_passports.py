"""Overfit passports."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from alphaloop.infra import columns

revision: str = "0011"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    packed = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql").with_variant(mysql.LONGBLOB(), "mariadb")
    op.create_table(
        "passports",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("job_id", key, nullable=False),
        sa.Column("strategy", sa.String(length=96), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("run_id", sa.String(length=16), nullable=True),
        sa.Column("verdict", sa.String(length=8), nullable=True),
        sa.Column("checks", sa.JSON(), nullable=True),
        sa.Column("passport", packed, nullable=True),
        sa.Column("created_at", columns.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passports_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passports")),
        sa.UniqueConstraint("job_id", name=op.f("uq_passports_job_id")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index(op.f("ix_passports_user_id"), "passports", ["user_id"])


def downgrade() -> None:
    op.drop_table("passports")
