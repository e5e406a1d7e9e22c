"""family account

Revision: 0014
After: 0013
"""

import re

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('create sequence family_binding_numbers')
    op.create_table('family_payment_checks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('passed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('good_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('spent_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_family_payment_checks_account_id_accounts')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_family_payment_checks'))
    )
    op.create_index('ix_family_payment_checks_subject', 'family_payment_checks', ['account_id', 'subject_id'], unique=False)
    op.create_table('family_bindings',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('payer_id', sa.Uuid(), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('link_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('proving', 'reviewing', 'bound', 'refused', 'withdrawn', 'lapsed', 'ended', name='bindingstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('way', sa.Enum('papers', 'face', 'bank_card', 'counter', name='way', native_enum=False, create_constraint=True, length=40), nullable=True),
    sa.Column('relation', sa.Enum('self', 'spouse', 'parent', 'child', 'sibling', 'ward', 'other', name='relation', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('payer_name', sa.LargeBinary(), nullable=False),
    sa.Column('member_name', sa.LargeBinary(), nullable=False),
    sa.Column('document_kind', sa.Enum('resident_id', 'residence_permit', 'hk_macau_travel', 'taiwan_travel', 'foreign_resident', 'passport', name='documentkind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('document_number', sa.LargeBinary(), nullable=False),
    sa.Column('birth_date', sa.Date(), nullable=False),
    sa.Column('age', sa.BigInteger(), nullable=False),
    sa.Column('policy_number', sa.BigInteger(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('consent_phone', sa.LargeBinary(), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lapses_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.LargeBinary(), nullable=False),
    sa.Column('bound_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_family_bindings_account_id_accounts')),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_family_bindings_hospital_id_hospitals')),
    sa.ForeignKeyConstraint(['link_id'], ['patient_links.id'], name=op.f('fk_family_bindings_link_id_patient_links')),
    sa.ForeignKeyConstraint(['payer_id'], ['persons.id'], name=op.f('fk_family_bindings_payer_id_persons')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_family_bindings_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_family_bindings')),
    sa.UniqueConstraint('number', name=op.f('uq_family_bindings_number'))
    )
    op.create_index('ix_family_bindings_link_id', 'family_bindings', ['link_id'], unique=False)
    op.create_index('ix_family_bindings_person_id', 'family_bindings', ['person_id'], unique=False)
    op.create_index('ix_family_bindings_queue', 'family_bindings', ['hospital_id', 'state', 'answer_by'], unique=False)
    op.create_index('uq_family_bindings_live', 'family_bindings', ['account_id', 'person_id'], unique=True, postgresql_where=sa.text("state in ('proving', 'reviewing', 'bound')"))
    op.create_table('family_papers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('binding_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('offered', 'ready', 'refused', 'deleted', name='paperstate', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('content_type', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('thumbnail_key', sa.Text(), nullable=True),
    sa.Column('sha256', sa.Text(), nullable=True),
    sa.Column('looks_blurred', sa.Boolean(), nullable=False),
    sa.Column('looks_dark', sa.Boolean(), nullable=False),
    sa.Column('refusal', sa.Text(), nullable=False),
    sa.Column('offered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('swept_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_family_papers_account_id_accounts')),
    sa.ForeignKeyConstraint(['binding_id'], ['family_bindings.id'], name=op.f('fk_family_papers_binding_id_family_bindings')),
    sa.ForeignKeyConstraint(['hospital_id'], ['hospitals.id'], name=op.f('fk_family_papers_hospital_id_hospitals')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_family_papers'))
    )
    op.create_index('ix_family_papers_binding_id', 'family_papers', ['binding_id'], unique=False)
    op.create_index('ix_family_papers_unswept', 'family_papers', ['offered_at'], unique=False, postgresql_where=sa.text('swept_at is null'))
    op.create_table('family_places',
    sa.Column('side', sa.Enum('user', 'member', name='side', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('holder_id', sa.Uuid(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('ordinal', sa.BigInteger(), nullable=False),
    sa.Column('binding_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('ordinal >= 1', name=op.f('ck_family_places_counted')),
    sa.ForeignKeyConstraint(['binding_id'], ['family_bindings.id'], name=op.f('fk_family_places_binding_id_family_bindings')),
    sa.PrimaryKeyConstraint('side', 'holder_id', 'month', 'ordinal', name=op.f('pk_family_places')),
    sa.UniqueConstraint('binding_id', 'side', name=op.f('uq_family_places_binding_id_side'))
    )
    op.add_column('covers', sa.Column('payer_id', sa.Uuid(), nullable=True))
    op.add_column('covers', sa.Column('binding_id', sa.Uuid(), nullable=True))
    op.execute('alter table family_payment_checks enable row level security')
    op.execute("create policy family_payment_checks_read on family_payment_checks for select using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_payment_checks_add on family_payment_checks for insert with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_payment_checks_change on family_payment_checks for update using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_payment_checks_remove on family_payment_checks for delete using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute('alter table family_bindings enable row level security')
    op.execute("create policy family_bindings_read on family_bindings for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid) or (link_id in (select l.id from patient_links l where l.subject_account_id = (select nullif(current_setting('app.account', true), '')::uuid))))")
    op.execute("create policy family_bindings_add on family_bindings for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid) or (link_id in (select l.id from patient_links l where l.subject_account_id = (select nullif(current_setting('app.account', true), '')::uuid))))")
    op.execute("create policy family_bindings_change on family_bindings for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid) or (link_id in (select l.id from patient_links l where l.subject_account_id = (select nullif(current_setting('app.account', true), '')::uuid)))) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid) or (link_id in (select l.id from patient_links l where l.subject_account_id = (select nullif(current_setting('app.account', true), '')::uuid))))")
    op.execute("create policy family_bindings_remove on family_bindings for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid) or (link_id in (select l.id from patient_links l where l.subject_account_id = (select nullif(current_setting('app.account', true), '')::uuid))))")
    op.execute('alter table family_papers enable row level security')
    op.execute("create policy family_papers_read on family_papers for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_papers_add on family_papers for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_papers_change on family_papers for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_papers_remove on family_papers for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid) or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute('alter table family_places enable row level security')
    op.execute("create policy family_places_read on family_places for select using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_places_add on family_places for insert with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_places_change on family_places for update using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    op.execute("create policy family_places_remove on family_places for delete using ((select current_setting('app.system', true) = 'on') or account_id = (select nullif(current_setting('app.account', true), '')::uuid))")
    notices = ['family_bound', 'family_payer_bound', 'family_refused', 'family_late', 'family_lapsed', 'family_ended', 'family_payer_ended']
    _widen('consents', 'ck_consents_purpose', 'purpose', ['family_paying', 'family_child', 'bill_details'])
    _widen('consents', 'ck_consents_consentway', 'way', ['bank_card'])
    _widen('deliveries', 'ck_deliveries_notice', 'notice', notices)
    _widen('inbox_messages', 'ck_inbox_messages_notice', 'notice', notices)
    _widen('phone_codes', 'ck_phone_codes_codepurpose', 'purpose', ['family', 'relative_payment'])


def _widen(table: str, name: str, column: str, words: list[str]) -> None:
    """Let a column hold more words than it does now, whichever those are: other migrations add theirs."""
    found = op.get_bind().scalar(
        sa.text('select pg_get_constraintdef(oid) from pg_constraint where conname = :name'), {'name': name}
    )
    known = re.findall(r"'([a-z0-9_]+)'", str(found))
    listed = ', '.join(f"'{word}'" for word in dict.fromkeys([*known, *words]))
    op.execute(f'alter table {table} drop constraint {name}')
    op.execute(f'alter table {table} add constraint {name} check ({column} in ({listed}))')


def downgrade() -> None:
    op.drop_column('covers', 'binding_id')
    op.drop_column('covers', 'payer_id')
    op.drop_table('family_places')
    op.drop_index('ix_family_papers_unswept', table_name='family_papers', postgresql_where=sa.text('swept_at is null'))
    op.drop_index('ix_family_papers_binding_id', table_name='family_papers')
    op.drop_table('family_papers')
    op.drop_index('uq_family_bindings_live', table_name='family_bindings', postgresql_where=sa.text("state in ('proving', 'reviewing', 'bound')"))
    op.drop_index('ix_family_bindings_queue', table_name='family_bindings')
    op.drop_index('ix_family_bindings_person_id', table_name='family_bindings')
    op.drop_index('ix_family_bindings_link_id', table_name='family_bindings')
    op.drop_table('family_bindings')
    op.drop_index('ix_family_payment_checks_subject', table_name='family_payment_checks')
    op.drop_table('family_payment_checks')
    op.execute('drop sequence family_binding_numbers')
