"""coming of age

Revision: 0024
After: 0023
"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def allow(table: str, name: str, column: str, *more: str) -> None:
    """More words for a column, beside whatever words it may hold by now."""
    [check] = [each for each in sa.inspect(op.get_bind()).get_check_constraints(table) if each['name'] == name]
    words = sorted({*re.findall(r"'([^']*)'", check['sqltext']), *more})
    listed = ', '.join(f"'{each}'" for each in words)
    op.execute(f'alter table {table} drop constraint {name}')
    op.execute(f'alter table {table} add constraint {name} check ({column} in ({listed}))')


def upgrade() -> None:
    op.add_column('patient_links', sa.Column('of_age_told_at', sa.DateTime(timezone=True), nullable=True))
    for table in ('deliveries', 'inbox_messages'):
        allow(table, f'ck_{table}_notice', 'notice', 'comes_of_age', 'came_of_age')


def downgrade() -> None:
    """A longer list harms nobody, and what was told by it stays told."""
    op.drop_column('patient_links', 'of_age_told_at')
