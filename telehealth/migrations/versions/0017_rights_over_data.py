"""rights over data

Revision: 0017
After: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.alter_column('disclosures', 'hospital_id',
               existing_type=sa.UUID(),
               nullable=True)
    op.execute('alter table phone_codes drop constraint ck_phone_codes_codepurpose')
    op.execute("alter table phone_codes add constraint ck_phone_codes_codepurpose check (purpose in ('sign_in', 'consent', 'family', 'relative_payment', 'export'))")



def downgrade() -> None:

    op.alter_column('disclosures', 'hospital_id',
               existing_type=sa.UUID(),
               nullable=False)

