"""rows go with the person

Revision: 0020
After: 0019
"""

import sqlalchemy as sa
from alembic import op

from telehealth.migrations.steps import allow

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

#: Whose account may be nobody's, once a helper left and nobody took over.
ORPHANS = (
    'appeals',
    'complaint_photos',
    'complaint_steps',
    'complaints',
    'rating_asks',
    'ratings',
    'rx_reactions',
)

PASS_ON = """
create or replace function pass_on(former uuid, of_person uuid, taker uuid) returns uuid[]
language plpgsql security definer set search_path = public, pg_temp as $pass$
declare
    moved uuid[] := '{}';
begin
    if current_setting('app.system', true) is distinct from 'on' then
        raise insufficient_privilege using message = 'only the house passes rows on';
    end if;
    if exists (
        select 1 from patient_links l
        where l.account_id = former and l.person_id = of_person and l.state = 'active'
    ) then
        raise check_violation using message = 'the account still acts for the person';
    end if;
    with m as (update appeals set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update bookings set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update calls set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update consultations set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update device_checks set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update dispatch_orders set account_id = taker where account_id = former and (id in (select p.id from prescriptions p where p.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update dispenses set account_id = taker where account_id = former and (id in (select p.id from prescriptions p where p.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update follow_ups set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update fulfilments set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update gate_decisions set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update intake_attachments set account_id = taker where account_id = former and (form_id in (select f.id from intake_forms f where f.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update intake_forms set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    update parcel_scans set account_id = taker where account_id = former and (parcel_id in (select l.id from parcels l where l.order_id in (select p.id from prescriptions p where p.person_id = of_person)));
    with m as (update parcels set account_id = taker where account_id = former and (order_id in (select p.id from prescriptions p where p.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update prescription_lines set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update prescriptions set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update queue_tickets set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update rating_asks set account_id = taker where account_id = former and (id in (select b.id from bookings b where b.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update ratings set account_id = taker where account_id = former and (booking_id in (select b.id from bookings b where b.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    update read_marks set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person));
    with m as (update record_views set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    update recorder_leases set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person));
    with m as (update recording_consents set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update recording_segments set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update room_files set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    update room_messages set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person));
    update room_peers set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person));
    with m as (update room_seats set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update rx_checks set account_id = taker where account_id = former and (prescription_id in (select p.id from prescriptions p where p.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update rx_reactions set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update rx_reviews set account_id = taker where account_id = former and (prescription_id in (select p.id from prescriptions p where p.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    with m as (update rx_sheets set account_id = taker where account_id = former and (prescription_id in (select p.id from prescriptions p where p.person_id = of_person)) returning id) select moved || array(select id from m) into moved;
    update signals set account_id = taker where account_id = former and (room in (select c.id from consultations c where c.person_id = of_person));
    with m as (update strikes set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update visit_notes set account_id = taker where account_id = former and (person_id = of_person) returning id) select moved || array(select id from m) into moved;
    with m as (update complaint_photos set account_id = taker where account_id = former and (complaint_id in (select c.id from complaints c where c.about_id = any(moved))) returning id) select moved || array(select id from m) into moved;
    with m as (update complaint_steps set account_id = taker where account_id = former and (complaint_id in (select c.id from complaints c where c.about_id = any(moved))) returning id) select moved || array(select id from m) into moved;
    with m as (update complaints set account_id = taker where account_id = former and (about_id = any(moved)) returning id) select moved || array(select id from m) into moved;
    update deadlines set account_id = taker where account_id = former and (subject_id = any(moved));
    return moved;
end $pass$
"""


def upgrade() -> None:
    allow('deliveries', 'ck_deliveries_notice', 'notice', 'visits_passed_on')
    allow('inbox_messages', 'ck_inbox_messages_notice', 'notice', 'visits_passed_on')
    for table in ORPHANS:
        op.alter_column(table, 'account_id', existing_type=sa.UUID(), nullable=True)
    op.execute(PASS_ON)
    op.execute('revoke execute on function pass_on(uuid, uuid, uuid) from public')
    op.execute('grant execute on function pass_on(uuid, uuid, uuid) to telehealth_app')


def downgrade() -> None:
    op.execute('drop function pass_on(uuid, uuid, uuid)')
    for table in ORPHANS:
        op.alter_column(table, 'account_id', existing_type=sa.UUID(), nullable=False)
