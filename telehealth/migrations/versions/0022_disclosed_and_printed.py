"""disclosed and printed

Revision: 0022
After: 0021
"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
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
    allow('disclosures', 'ck_disclosures_recipient', 'recipient', 'face_checker', 'bank_checker', 'record_system')
    op.add_column('fulfilments', sa.Column('prints', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('fulfilments', sa.Column('printed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('fulfilments', 'printed_at')
    op.drop_column('fulfilments', 'prints')
