"""figures

Revision: 0010
After: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('daily_figures',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('metric', sa.Text(), nullable=False),
    sa.Column('department_id', sa.Uuid(), nullable=True),
    sa.Column('hits', sa.BigInteger(), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('late', sa.BigInteger(), nullable=False),
    sa.Column('values', postgresql.ARRAY(sa.Integer()), nullable=False),
    sa.Column('parts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('is_sample', sa.Boolean(), nullable=False),
    sa.Column('counted_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_daily_figures')),
    sa.UniqueConstraint('hospital_id', 'day', 'metric', 'department_id', name=op.f('uq_daily_figures_hospital_id_day_metric_department_id'), postgresql_nulls_not_distinct=True)
    )
    op.create_table('daily_reports',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('hospital_id', sa.Uuid(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('body', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('is_sample', sa.Boolean(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_by', sa.Uuid(), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_daily_reports')),
    sa.UniqueConstraint('hospital_id', 'day', name=op.f('uq_daily_reports_hospital_id_day'))
    )
    op.execute('alter table daily_figures enable row level security')
    op.execute("create policy daily_figures_read on daily_figures for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy daily_figures_add on daily_figures for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy daily_figures_change on daily_figures for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy daily_figures_remove on daily_figures for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute('alter table daily_reports enable row level security')
    op.execute("create policy daily_reports_read on daily_reports for select using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy daily_reports_add on daily_reports for insert with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy daily_reports_change on daily_reports for update using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid)) with check ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute("create policy daily_reports_remove on daily_reports for delete using ((select current_setting('app.system', true) = 'on') or hospital_id = (select nullif(current_setting('app.hospital', true), '')::uuid))")
    op.execute('alter table deliveries drop constraint ck_deliveries_notice')
    op.execute("alter table deliveries add constraint ck_deliveries_notice check (notice in ('booking_held', 'booking_pending', 'booking_verified', 'booking_refused', 'booking_released', 'booking_confirmed', 'booking_cancelled', 'booking_unattended', 'booking_withdrawn', 'booking_ineligible', 'clinic_closed', 'charge_paid', 'charge_split', 'refund_requested', 'refund_settled', 'card_bound', 'identity_verified', 'guardianship_accepted', 'guardianship_refused', 'consent_asked', 'consent_granted', 'consent_withdrawn', 'person_linked', 'link_ended', 'identity_refused', 'strike_given', 'strike_lifted', 'ban_started', 'appeal_declined', 'credential_expiring', 'credential_expired', 'daily_report', 'room_urgent', 'doctor_wrote', 'doctor_admitted', 'patient_reminded', 'visit_concluded', 'visit_unfinished', 'doctor_nudged', 'note_overdue', 'colleague_invited', 'follow_up_due', 'rx_to_review', 'rx_review_late', 'rx_returned', 'rx_refused', 'rx_not_passed', 'rx_payable', 'rx_reminded', 'rx_window', 'rx_expired', 'rx_expired_unpaid', 'rx_undone', 'rx_cancelled', 'rx_ready', 'rx_called', 'rx_moved', 'rx_handed_over', 'rx_delivered', 'rx_parcel_refused', 'rx_parcel_returned', 'rx_recalled', 'rating_asked', 'complaint_received', 'complaint_taken', 'complaint_replied', 'complaint_answered', 'complaint_late', 'rx_reaction_received', 'rx_reaction_to_assess', 'rx_reaction_reported', 'rx_reaction_late', 'rx_reaction_assessed'))")
    op.execute('alter table inbox_messages drop constraint ck_inbox_messages_notice')
    op.execute("alter table inbox_messages add constraint ck_inbox_messages_notice check (notice in ('booking_held', 'booking_pending', 'booking_verified', 'booking_refused', 'booking_released', 'booking_confirmed', 'booking_cancelled', 'booking_unattended', 'booking_withdrawn', 'booking_ineligible', 'clinic_closed', 'charge_paid', 'charge_split', 'refund_requested', 'refund_settled', 'card_bound', 'identity_verified', 'guardianship_accepted', 'guardianship_refused', 'consent_asked', 'consent_granted', 'consent_withdrawn', 'person_linked', 'link_ended', 'identity_refused', 'strike_given', 'strike_lifted', 'ban_started', 'appeal_declined', 'credential_expiring', 'credential_expired', 'daily_report', 'room_urgent', 'doctor_wrote', 'doctor_admitted', 'patient_reminded', 'visit_concluded', 'visit_unfinished', 'doctor_nudged', 'note_overdue', 'colleague_invited', 'follow_up_due', 'rx_to_review', 'rx_review_late', 'rx_returned', 'rx_refused', 'rx_not_passed', 'rx_payable', 'rx_reminded', 'rx_window', 'rx_expired', 'rx_expired_unpaid', 'rx_undone', 'rx_cancelled', 'rx_ready', 'rx_called', 'rx_moved', 'rx_handed_over', 'rx_delivered', 'rx_parcel_refused', 'rx_parcel_returned', 'rx_recalled', 'rating_asked', 'complaint_received', 'complaint_taken', 'complaint_replied', 'complaint_answered', 'complaint_late', 'rx_reaction_received', 'rx_reaction_to_assess', 'rx_reaction_reported', 'rx_reaction_late', 'rx_reaction_assessed'))")


def downgrade() -> None:
    op.drop_table('daily_reports')
    op.drop_table('daily_figures')
