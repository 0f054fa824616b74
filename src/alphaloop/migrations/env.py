"""Runs migrations over the async engine that the caller hands in through `config.attributes`."""

from typing import Any

from alembic import context

from alphaloop.infra.columns import Model

connection: Any = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Model.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
    user_module_prefix="columns.",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
