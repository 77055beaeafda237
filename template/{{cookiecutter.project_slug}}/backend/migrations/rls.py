"""Row level security, the same for every table that belongs to a tenant."""

from __future__ import annotations

from alembic import op

# An unset or emptied tenant gives NULL, which equals no row: no tenant, no rows.
CURRENT_TENANT = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"


def protect(table: str) -> None:
    """Confine whoever uses `table`, its owner included, to the rows of the transaction's tenant."""
    own_rows = f"tenant_id = {CURRENT_TENANT}"
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY tenant_isolation ON "{table}" USING ({own_rows}) WITH CHECK ({own_rows})')
