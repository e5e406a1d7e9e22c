"""finance exports

Revision: 0016
After: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('finance_exports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('lang', sa.Text(), nullable=False),
    sa.Column('asked_by', sa.Uuid(), nullable=False),
    sa.Column('asked_name', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('pieces', sa.BigInteger(), nullable=False),
    sa.Column('after', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column('is_whole', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_finance_exports'))
    )
    op.create_index('ix_finance_exports_hospital_id_asked_at', 'finance_exports', ['hospital_id', 'asked_at'], unique=False)
    op.execute('alter table finance_exports enable row level security')
    op.execute("create policy finance_exports_read on finance_exports for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy finance_exports_add on finance_exports for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy finance_exports_change on finance_exports for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy finance_exports_remove on finance_exports for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")


def downgrade() -> None:
    op.drop_index('ix_finance_exports_hospital_id_asked_at', table_name='finance_exports')
    op.drop_table('finance_exports')
