"""disclosed and printed

Revision: 0022
After: 0021
"""

import sqlalchemy as sa
from alembic import op

from telehealth.migrations.steps import allow

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    allow('disclosures', 'ck_disclosures_recipient', 'recipient', 'face_checker', 'bank_checker', 'record_system')
    op.add_column('fulfilments', sa.Column('prints', sa.Integer(), server_default=sa.text('0'), nullable=False))
    op.add_column('fulfilments', sa.Column('printed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('fulfilments', 'printed_at')
    op.drop_column('fulfilments', 'prints')
