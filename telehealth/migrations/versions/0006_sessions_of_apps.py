"""sessions of apps

Whoever holds a refresh token of the time before signs in again: it names no family.

Revision: 0006
After: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('handovers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('session_id', sa.Uuid(), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['session_id'], ['sessions.id'], name=op.f('fk_handovers_session_id_sessions'), ondelete='cascade'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handovers')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_handovers_token_hash'))
    )
    op.create_index(op.f('ix_handovers_session_id'), 'handovers', ['session_id'], unique=False)
    op.add_column('sessions', sa.Column('family_hash', sa.LargeBinary(), nullable=True))
    op.add_column('sessions', sa.Column('opener_id', sa.Uuid(), nullable=True))
    op.add_column('sessions', sa.Column('device', sa.Text(), nullable=False, server_default=''))
    op.alter_column('sessions', 'device', server_default=None)
    op.drop_index(op.f('ix_sessions_spent_refresh_hash'), table_name='sessions')
    op.create_index(op.f('ix_sessions_opener_id'), 'sessions', ['opener_id'], unique=False)
    op.create_unique_constraint(op.f('uq_sessions_family_hash'), 'sessions', ['family_hash'])
    op.create_foreign_key(op.f('fk_sessions_opener_id_sessions'), 'sessions', 'sessions', ['opener_id'], ['id'], ondelete='cascade')
    op.drop_column('sessions', 'spent_refresh_hash')
    op.execute('alter table handovers disable row level security')


def downgrade() -> None:
    op.add_column('sessions', sa.Column('spent_refresh_hash', sa.LargeBinary(), nullable=True))
    op.drop_constraint(op.f('fk_sessions_opener_id_sessions'), 'sessions', type_='foreignkey')
    op.drop_constraint(op.f('uq_sessions_family_hash'), 'sessions', type_='unique')
    op.drop_index(op.f('ix_sessions_opener_id'), table_name='sessions')
    op.create_index(op.f('ix_sessions_spent_refresh_hash'), 'sessions', ['spent_refresh_hash'], unique=False)
    op.drop_column('sessions', 'device')
    op.drop_column('sessions', 'opener_id')
    op.drop_column('sessions', 'family_hash')
    op.drop_index(op.f('ix_handovers_session_id'), table_name='handovers')
    op.drop_table('handovers')
