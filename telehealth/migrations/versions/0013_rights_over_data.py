"""rights over data

Revision: 0013
After: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.alter_column('disclosures', 'hospital_id',
               existing_type=sa.UUID(),
               nullable=True)
    op.execute('alter table phone_codes drop constraint ck_phone_codes_codepurpose')
    op.execute("alter table phone_codes add constraint ck_phone_codes_codepurpose check (purpose in ('sign_in', 'consent', 'export'))")



def downgrade() -> None:

    op.alter_column('disclosures', 'hospital_id',
               existing_type=sa.UUID(),
               nullable=False)

