"""records

Revision: 0009
After: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import postgresql

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('medical_report_fetches',
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_medical_report_fetches_hospital_id_hospitals')),
    sa.PrimaryKeyConstraint('hospital_id', 'person_id', name=op.f('pk_medical_report_fetches'))
    )
    op.create_table('medical_reports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('resource_id', sa.Text(), nullable=False),
    sa.Column('version_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Enum('laboratory', 'imaging', 'other', name='reportkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('status', sa.Enum('preliminary', 'final', 'amended', name='reportstatus', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reported_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_medical_reports_hospital_id_hospitals')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_medical_reports')),
    sa.UniqueConstraint('hospital_id', 'person_id', 'resource_id', name=op.f('uq_medical_reports_hospital_id_person_id_resource_id'))
    )
    op.create_table('data_requests',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.Enum('restriction', 'heir', name='requestkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('state', sa.Enum('open', 'standing', 'granted', 'declined', 'lifted', name='requeststate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Uuid(), nullable=True),
    sa.Column('answer', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_data_requests_account_id_accounts')),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_data_requests_hospital_id_hospitals')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_data_requests_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_data_requests'))
    )
    op.create_index('ix_data_requests_hospital_id_state', 'data_requests', ['hospital_id', 'state'], unique=False)
    op.create_index('uq_data_requests_standing', 'data_requests', ['hospital_id', 'person_id'], unique=True, postgresql_where=sa.text("state = 'standing'"))
    op.create_table('disclosures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('recipient', sa.Enum('courier', 'pharmacy', 'insurer', 'identity_checker', name='recipient', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kinds', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_disclosures_hospital_id_hospitals')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_disclosures_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disclosures')),
    sa.UniqueConstraint('recipient', 'subject', name=op.f('uq_disclosures_recipient_subject'))
    )
    op.create_index('ix_disclosures_person_id', 'disclosures', ['person_id', 'at'], unique=False)
    op.create_table('exports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('pieces', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('sha256', sa.Text(), nullable=True),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unlocked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('downloaded_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_exports_account_id_accounts')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_exports_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exports'))
    )
    op.create_index('ix_exports_account_id', 'exports', ['account_id', 'asked_at'], unique=False)
    op.create_table('papers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('note', 'report', 'prescription', 'receipt', name='paperkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('name', sa.LargeBinary(), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('content_digest', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('is_sealed', sa.Boolean(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_papers_account_id_accounts')),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_papers_hospital_id_hospitals')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_papers_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_papers')),
    sa.UniqueConstraint('account_id', 'kind', 'subject_id', 'content_digest', name=op.f('uq_papers_account_id_kind_subject_id_content_digest')),
    sa.UniqueConstraint('code', name=op.f('uq_papers_code'))
    )
    op.create_table('person_views',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('viewer_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('what', sa.Enum('file', 'prescription', 'dispatch', 'booking', 'identity', name='looked', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('ref', sa.Text(), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_person_views_hospital_id_hospitals')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_person_views_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person_views')),
    sa.UniqueConstraint('viewer_id', 'what', 'ref', 'on', name=op.f('uq_person_views_viewer_id_what_ref_on'))
    )
    op.create_index('ix_person_views_person_id', 'person_views', ['person_id', 'at'], unique=False)
    op.create_table('shares',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('token_digest', sa.Text(), nullable=False),
    sa.Column('token', sa.LargeBinary(), nullable=False),
    sa.Column('label', sa.LargeBinary(), nullable=False),
    sa.Column('paper_ids', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.Column('view_code', sa.LargeBinary(), nullable=True),
    sa.Column('code_tries', sa.BigInteger(), nullable=False),
    sa.Column('opened_by', sa.Uuid(), nullable=True),
    sa.Column('days', sa.BigInteger(), nullable=False),
    sa.Column('policy_number', sa.BigInteger(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_shares_account_id_accounts')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_shares_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shares')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_shares_token_digest'))
    )
    op.create_index('ix_shares_account_id', 'shares', ['account_id', 'made_at'], unique=False)
    op.create_table('share_views',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('share_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('paper_id', sa.Uuid(), nullable=True),
    sa.Column('device', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['share_id'], ['shares.id'], name=op.f('fk_share_views_share_id_shares')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_share_views'))
    )
    op.create_index('ix_share_views_share_id', 'share_views', ['share_id', 'at'], unique=False)
    op.add_column('hospital_patients', sa.Column('restricted_at', sa.DateTime(timezone=True), nullable=True))
    op.execute('alter table medical_report_fetches enable row level security')
    op.execute("create policy medical_report_fetches_read on medical_report_fetches for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_report_fetches.person_id and h.hospital_id = medical_report_fetches.hospital_id)))")
    op.execute("create policy medical_report_fetches_add on medical_report_fetches for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_report_fetches.person_id and h.hospital_id = medical_report_fetches.hospital_id)))")
    op.execute("create policy medical_report_fetches_change on medical_report_fetches for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_report_fetches.person_id and h.hospital_id = medical_report_fetches.hospital_id))) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_report_fetches.person_id and h.hospital_id = medical_report_fetches.hospital_id)))")
    op.execute("create policy medical_report_fetches_remove on medical_report_fetches for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_report_fetches.person_id and h.hospital_id = medical_report_fetches.hospital_id)))")
    op.execute('alter table medical_reports enable row level security')
    op.execute("create policy medical_reports_read on medical_reports for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_reports.person_id and h.hospital_id = medical_reports.hospital_id)))")
    op.execute("create policy medical_reports_add on medical_reports for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_reports.person_id and h.hospital_id = medical_reports.hospital_id)))")
    op.execute("create policy medical_reports_change on medical_reports for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_reports.person_id and h.hospital_id = medical_reports.hospital_id))) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_reports.person_id and h.hospital_id = medical_reports.hospital_id)))")
    op.execute("create policy medical_reports_remove on medical_reports for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or (exists (select 1 from hospital_patients h where h.person_id = medical_reports.person_id and h.hospital_id = medical_reports.hospital_id)))")
    op.execute('alter table data_requests enable row level security')
    op.execute("create policy data_requests_read on data_requests for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy data_requests_add on data_requests for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy data_requests_change on data_requests for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy data_requests_remove on data_requests for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute('alter table disclosures enable row level security')
    op.execute("create policy disclosures_read on disclosures for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or person_id in (select p.id from persons p))")
    op.execute("create policy disclosures_add on disclosures for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or person_id in (select p.id from persons p))")
    op.execute('alter table exports enable row level security')
    op.execute("create policy exports_read on exports for select using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy exports_add on exports for insert with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy exports_change on exports for update using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy exports_remove on exports for delete using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute('alter table papers enable row level security')
    op.execute("create policy papers_read on papers for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy papers_add on papers for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy papers_change on papers for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy papers_remove on papers for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute('alter table person_views enable row level security')
    op.execute("create policy person_views_read on person_views for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or person_id in (select p.id from persons p))")
    op.execute("create policy person_views_add on person_views for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or person_id in (select p.id from persons p))")
    op.execute('alter table shares enable row level security')
    op.execute("create policy shares_read on shares for select using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy shares_add on shares for insert with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy shares_change on shares for update using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy shares_remove on shares for delete using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute('alter table share_views enable row level security')
    op.execute("create policy share_views_read on share_views for select using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy share_views_add on share_views for insert with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")


def downgrade() -> None:
    op.drop_column('hospital_patients', 'restricted_at')
    op.drop_index('ix_share_views_share_id', table_name='share_views')
    op.drop_table('share_views')
    op.drop_index('ix_shares_account_id', table_name='shares')
    op.drop_table('shares')
    op.drop_index('ix_person_views_person_id', table_name='person_views')
    op.drop_table('person_views')
    op.drop_table('papers')
    op.drop_index('ix_exports_account_id', table_name='exports')
    op.drop_table('exports')
    op.drop_index('ix_disclosures_person_id', table_name='disclosures')
    op.drop_table('disclosures')
    op.drop_index('uq_data_requests_standing', table_name='data_requests', postgresql_where=sa.text("state = 'standing'"))
    op.drop_index('ix_data_requests_hospital_id_state', table_name='data_requests')
    op.drop_table('data_requests')
    op.drop_table('medical_reports')
    op.drop_table('medical_report_fetches')
