"""Searches for better parameters and their trials."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from alphaloop.infra import columns

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TEXT: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "optimisations",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("user_id", key, nullable=False),
        sa.Column("job_id", key, nullable=False),
        sa.Column("strategy", sa.String(length=96), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("layout", sa.JSON(), nullable=True),
        sa.Column("trials_done", sa.Integer(), nullable=False),
        sa.Column("best", sa.JSON(), nullable=True),
        sa.Column("verdict", sa.JSON(), nullable=True),
        sa.Column("created_at", columns.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_optimisations_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_optimisations")),
        sa.UniqueConstraint("job_id", name=op.f("uq_optimisations_job_id")),
        **_TEXT,
    )
    op.create_index(op.f("ix_optimisations_user_id"), "optimisations", ["user_id"])
    op.create_table(
        "optimisation_trials",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("optimisation_id", key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("point", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("figure", sa.Double(), nullable=True),
        sa.Column("fit", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["optimisation_id"], ["optimisations.id"], name=op.f("fk_optimisation_trials_optimisation_id_optimisations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_optimisation_trials")),
        sa.UniqueConstraint("optimisation_id", "number", name=op.f("uq_optimisation_trials_optimisation_id_number")),
        **_TEXT,
    )
    op.create_index("ix_optimisation_trials_best", "optimisation_trials", ["optimisation_id", "fit", "figure"])


def downgrade() -> None:
    op.drop_table("optimisation_trials")
    op.drop_table("optimisations")
