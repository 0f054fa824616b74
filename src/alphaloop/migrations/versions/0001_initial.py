"""The first tables."""

from alembic import op

from alphaloop.features.audit import triggers
from alphaloop.infra.columns import Model

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
    bind = op.get_bind()
    Model.metadata.create_all(bind)
    for statement in triggers.create(bind.dialect.name):
        op.execute(statement)


def downgrade() -> None:
    bind = op.get_bind()
    for statement in triggers.drop(bind.dialect.name):
        op.execute(statement)
    Model.metadata.drop_all(bind)
