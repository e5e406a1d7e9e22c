"""coming of age

Revision: 0024
After: 0023
"""

import sqlalchemy as sa
from alembic import op

from telehealth.migrations.steps import allow

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('patient_links', sa.Column('of_age_told_at', sa.DateTime(timezone=True), nullable=True))
    for table in ('deliveries', 'inbox_messages'):
        allow(table, f'ck_{table}_notice', 'notice', 'comes_of_age', 'came_of_age')


def downgrade() -> None:
    """A longer list harms nobody, and what was told by it stays told."""
    op.drop_column('patient_links', 'of_age_told_at')
