"""Strategies as rows with their versions, runs of them, the whole signal, and who lets signals trade by themselves."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from alphaloop.infra import columns

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT: dict[str, Any] = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
_SIGNAL_INDEXES = {
    "ix_trading_signals_hit_measured_at": ["hit", "measured_at"],
    "ix_trading_signals_order_id": ["order_id"],
    "ix_trading_signals_strategy_run_id": ["strategy_run_id"],
    "uq_trading_signals_strategy_episode": ["strategy_id", "account_id", "instrument", "timeframe", "episode"],
}


def upgrade() -> None:
    _strategies()
    _versions()
    _runs()
    op.create_table(
        "auto_consents",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("user_id", _KEY, nullable=False),
        sa.Column("given_at", columns.UtcTime(), nullable=False),
        sa.Column("revoked_at", columns.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_auto_consents_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_consents")),
        sa.UniqueConstraint("account_id", name=op.f("uq_auto_consents_account_id")),
        **_TEXT,
    )
    with op.batch_alter_table("trading_signals", schema=None) as batch_op:
        for column in _signal_columns():
            batch_op.add_column(column)
    for name, of in _SIGNAL_INDEXES.items():
        op.create_index(op.f(name), "trading_signals", of, unique=name.startswith("uq"))


def _strategies() -> None:
    op.create_table(
        "strategies",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("is_builtin", sa.Boolean(), nullable=False),
        sa.Column("source_kind", sa.String(length=8), nullable=False),
        sa.Column("creator_id", _KEY, nullable=True),
        sa.Column("base_key", sa.String(length=96), nullable=True),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("default_params", sa.JSON(), nullable=False),
        sa.Column("current_params", sa.JSON(), nullable=True),
        sa.Column("params_schema", sa.JSON(), nullable=False),
        sa.Column("signal_sources", sa.JSON(), nullable=False),
        sa.Column("risk_profile", sa.JSON(), nullable=False),
        sa.Column("run_schedule", sa.String(length=64), nullable=True),
        sa.Column("schedule_zone", sa.String(length=64), nullable=True),
        sa.Column("schedule_calendar", sa.String(length=16), nullable=True),
        sa.Column("after_close_min", sa.Integer(), nullable=True),
        sa.Column("run_target", sa.JSON(), nullable=True),
        sa.Column("schedule_owner_id", _KEY, nullable=True),
        sa.Column("schedule_from", columns.UtcTime(), nullable=True),
        sa.Column("auto_execute", sa.Boolean(), nullable=False),
        sa.Column("win_rate", sa.Double(), nullable=True),
        sa.Column("sharpe_ratio", sa.Double(), nullable=True),
        sa.Column("total_signals", sa.Integer(), nullable=False),
        sa.Column("last_run_at", columns.UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.UtcTime(), nullable=False),
        sa.Column("updated_at", columns.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["users.id"], name=op.f("fk_strategies_creator_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategies")),
        sa.UniqueConstraint("key", name=op.f("uq_strategies_key")),
        sa.UniqueConstraint("name", name=op.f("uq_strategies_name")),
        **_TEXT,
    )
    for name in ("category", "enabled", "creator_id"):
        op.create_index(op.f(f"ix_strategies_{name}"), "strategies", [name])


def _versions() -> None:
    op.create_table(
        "strategy_versions",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("strategy_id", _KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("config_hash", sa.String(length=64), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("changelog", sa.String(length=255), nullable=False),
        sa.Column("verified_backtest_id", _KEY, nullable=True),
        sa.Column("created_by", _KEY, nullable=True),
        sa.Column("created_at", columns.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_strategy_versions_strategy_id_strategies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_versions")),
        sa.UniqueConstraint("strategy_id", "number", name=op.f("uq_strategy_versions_strategy_id_number")),
        **_TEXT,
    )


def _runs() -> None:
    op.create_table(
        "strategy_runs",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("strategy_id", _KEY, nullable=False),
        sa.Column("user_id", _KEY, nullable=False),
        sa.Column("account_id", _KEY, nullable=False),
        sa.Column("job_id", _KEY, nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("run_status", sa.String(length=16), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("instruments", sa.JSON(), nullable=False),
        sa.Column("timeframe", sa.String(length=4), nullable=False),
        sa.Column("auto_execute", sa.Boolean(), nullable=False),
        sa.Column("signal_count", sa.Integer(), nullable=False),
        sa.Column("error", sa.JSON(), nullable=True),
        sa.Column("created_at", columns.UtcTime(), nullable=False),
        sa.Column("started_at", columns.UtcTime(), nullable=True),
        sa.Column("finished_at", columns.UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["strategy_id"], ["strategies.id"], name=op.f("fk_strategy_runs_strategy_id_strategies")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_strategy_runs_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_runs")),
        sa.UniqueConstraint("job_id", name=op.f("uq_strategy_runs_job_id")),
        **_TEXT,
    )
    op.create_index(op.f("ix_strategy_runs_strategy_id_id"), "strategy_runs", ["strategy_id", "id"])
    op.create_index(op.f("ix_strategy_runs_user_id"), "strategy_runs", ["user_id"])


def _signal_columns() -> list[sa.Column[Any]]:
    """What a signal did not have before: null for those that are there, since nobody knows it of them."""
    keys = ("strategy_id", "strategy_run_id", "order_id", "execution_plan_id")
    figures = ("weight", "confidence", "risk_score", "rr_ratio", "win_rate", "mfe", "mae", "r_multiple", "outcome")
    texts = {"signal_type": 16, "refused_by": 24, "hit": 8}
    return [
        *(sa.Column(name, _KEY, nullable=True) for name in keys),
        *(sa.Column(name, sa.Double(), nullable=True) for name in figures),
        *(sa.Column(name, sa.String(length=length), nullable=True) for name, length in texts.items()),
        *(sa.Column(name, sa.JSON(), nullable=True) for name in ("factors", "signal_metadata")),
        *(sa.Column(name, columns.UtcTime(), nullable=True) for name in ("measured_at", "validated_at")),
        sa.Column("bars_held", sa.Integer(), nullable=True),
        sa.Column("auto_execute", sa.Boolean(), server_default=sa.false(), nullable=False),
    ]


def downgrade() -> None:
    for name in _SIGNAL_INDEXES:
        op.drop_index(op.f(name), table_name="trading_signals")
    with op.batch_alter_table("trading_signals", schema=None) as batch_op:
        for column in _signal_columns():
            batch_op.drop_column(column.name)
    for table in ("auto_consents", "strategy_runs", "strategy_versions", "strategies"):
        op.drop_table(table)
