"""Create the todos of each tenant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.rls import protect

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the table, its index by tenant and its policy."""
    # Default privileges let the app write every table of the migrator; this one is none of its business.
    op.execute("REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM app")
    op.create_table(
        "todos",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid()),
        sa.Column("tenant_id", sa.Uuid, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("char_length(title) BETWEEN 1 AND 200", name="todos_title_length"),
    )
    op.create_index("todos_by_tenant", "todos", ["tenant_id", "created_at", "id"])
    protect("todos")


def downgrade() -> None:
    """Drop the table with everything in it."""
    op.drop_table("todos")
