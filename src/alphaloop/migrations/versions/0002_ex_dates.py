"""Corporate actions, and what the prices of each stored series are: as traded, or adjusted by whoever made them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from alphaloop.infra import columns

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "corporate_actions",
        sa.Column("id", key, autoincrement=True, nullable=False),
        sa.Column("instrument_id", key, nullable=False),
        sa.Column("ex_ts", key, nullable=False),
        *(
            sa.Column(name, columns.Amount(precision=38, scale=18), nullable=name == "ratio")
            for name in ("cash", "bonus", "rights", "rights_price", "ratio")
        ),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("announced_at", columns.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_corporate_actions_instrument_id_instruments")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corporate_actions")),
        sa.UniqueConstraint("instrument_id", "ex_ts", name=op.f("uq_corporate_actions_instrument_id_ex_ts")),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    with op.batch_alter_table("corporate_actions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_corporate_actions_ex_ts"), ["ex_ts"], unique=False)
    with op.batch_alter_table("bar_series", schema=None) as batch_op:
        batch_op.add_column(sa.Column("adjustment", sa.String(length=16), server_default="UNKNOWN", nullable=False))
    # Only shares and funds have ex-dates; everything else is as traded.
    op.execute(
        "UPDATE bar_series SET adjustment = 'RAW' WHERE instrument_id IN "
        "(SELECT id FROM instruments WHERE asset_class NOT IN ('EQUITY', 'ETF'))"
    )


def downgrade() -> None:
    with op.batch_alter_table("bar_series", schema=None) as batch_op:
        batch_op.drop_column("adjustment")
    op.drop_table("corporate_actions")
