"""formulary imports

Revision: 0019
After: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table('formulary_imports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('version_id', sa.Uuid(), nullable=False),
    sa.Column('table_name', sa.Text(), nullable=False),
    sa.Column('replaces', sa.Boolean(), nullable=False),
    sa.Column('asked_by', sa.Uuid(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('swept_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('was_stopped', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('through', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('taken', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('added', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('removed', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('bad_rows', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('bad', postgresql.JSONB(astext_type=sa.Text()), server_default='[]', nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['formulary_versions.id'], name=op.f('fk_formulary_imports_version_id_formulary_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_formulary_imports'))
    )
    op.create_index('ix_formulary_imports_unswept', 'formulary_imports', ['asked_at'], unique=False, postgresql_where=sa.text('swept_at is null'))
    op.create_index('ix_formulary_imports_version_id_asked_at', 'formulary_imports', ['version_id', 'asked_at'], unique=False)
    op.create_index('uq_formulary_imports_running', 'formulary_imports', ['version_id'], unique=True, postgresql_where=sa.text('started_at is not null and ended_at is null'))
    op.execute('alter table formulary_imports enable row level security')
    op.execute("create policy formulary_imports_read on formulary_imports for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy formulary_imports_add on formulary_imports for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy formulary_imports_change on formulary_imports for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy formulary_imports_remove on formulary_imports for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")



def downgrade() -> None:

    op.drop_table('formulary_imports')

