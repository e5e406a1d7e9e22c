"""scores in batches

Revision: 0018
After: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('doctor_scores', sa.Column('spread', postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    # What was told so far was counted with every rating: counted once more, it is the first batch.
    op.execute("""
update doctor_scores d set (count, stars, spread) = (
  select coalesce(sum(n), 0), coalesce(sum(s.stars * n), 0), coalesce(jsonb_object_agg(s.stars, n), '{}')
  from (select stars, count(*) n from ratings where doctor_id = d.id group by stars) s
)
""")
    op.alter_column('doctor_scores', 'spread', nullable=False)


def downgrade() -> None:
    op.drop_column('doctor_scores', 'spread')
