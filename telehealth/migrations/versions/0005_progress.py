"""progress

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table('progress',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=True),
    sa.Column('account_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Enum('waiting', 'running', 'done', 'failed', name='progressstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('done', sa.BigInteger(), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('step', sa.Text(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'subject_id', name=op.f('pk_progress'))
    )
    op.execute('alter table progress enable row level security')
    op.execute("create policy progress_read on progress for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy progress_add on progress for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy progress_change on progress for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy progress_remove on progress for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")



def downgrade() -> None:

    op.drop_table('progress')

