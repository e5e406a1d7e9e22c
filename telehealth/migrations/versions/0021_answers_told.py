"""answers about data are told

Revision: 0021
After: 0020
"""

import re

import sqlalchemy as sa
from alembic import op


revision = '0021'
down_revision = '0020'
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
    allow('deliveries', 'ck_deliveries_notice', 'notice', 'export_ready', 'data_request_answered')
    allow('inbox_messages', 'ck_inbox_messages_notice', 'notice', 'export_ready', 'data_request_answered')


def downgrade() -> None:
    """A longer list harms nobody, and what was told by it stays told."""
