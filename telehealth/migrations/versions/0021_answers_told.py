"""answers about data are told

Revision: 0021
After: 0020
"""

from telehealth.migrations.steps import allow

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    allow('deliveries', 'ck_deliveries_notice', 'notice', 'export_ready', 'data_request_answered')
    allow('inbox_messages', 'ck_inbox_messages_notice', 'notice', 'export_ready', 'data_request_answered')


def downgrade() -> None:
    """A longer list harms nobody, and what was told by it stays told."""
