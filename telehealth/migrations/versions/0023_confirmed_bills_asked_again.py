"""confirmed bills asked again

Revision: 0023
After: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_outpatient_bills_kept', 'outpatient_bills', ['asked_at'], postgresql_where=sa.text("state = 'confirmed'")
    )


def downgrade() -> None:
    op.drop_index('ix_outpatient_bills_kept', 'outpatient_bills')
