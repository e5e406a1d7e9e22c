"""Every SELECT of the directory. Hospitals and doctors are public; credentials are the hospital's own."""

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from telehealth.core.calendar import IsWorking, working_by
from telehealth.core.clock import HospitalDay
from telehealth.core.hot import Hot
from telehealth.core.unit import Unit
from telehealth.directory.errors import (
    CampusNotFound,
    CredentialNotFound,
    DepartmentNotFound,
    DoctorNotFound,
    HospitalNotFound,
    HospitalNotLive,
    NoticeNotFound,
)
from telehealth.directory.models import (
    CalendarDay,
    Campus,
    Credential,
    Department,
    Doctor,
    Hospital,
    NoticeAcceptance,
    ServiceNotice,
)
from telehealth.directory.states import Suspension

#: The rulebook calls the online clinic "internet".
ONLINE_KINDS = ("online", "internet")
_CODE = re.compile("[a-z][a-z0-9-]{1,30}")


async def hospital(unit: Unit, hospital_id: UUID) -> Hospital:
    """Raises HospitalNotFound."""
    row = await unit.session.get(Hospital, hospital_id)
    if row is None:
        raise HospitalNotFound()
    return row


async def hospital_by_code(unit: Unit, code: str) -> Hospital:
    """Live or not. Raises HospitalNotFound."""
    if not _CODE.fullmatch(code):
        raise HospitalNotFound()
    row = (await unit.session.scalars(sa.select(Hospital).where(Hospital.code == code))).first()
    if row is None:
        raise HospitalNotFound()
    return row


class DirectoryCodes:
    """Fills `HospitalCodes` of notifications."""

    async def code(self, unit: Unit, hospital_id: UUID) -> str | None:
        row = await unit.session.get(Hospital, hospital_id)
        return None if row is None else row.code

    async def names(self, unit: Unit, code: str) -> dict[str, str]:
        row = (await unit.session.scalars(sa.select(Hospital).where(Hospital.code == code))).first()
        return {"zh-CN": row.name, "en": row.name_en} if row is not None else {"zh-CN": code, "en": code}


async def live_hospital(unit: Unit, code: str) -> Hospital:
    """A hospital patients may book at today. Raises HospitalNotFound, HospitalNotLive (SJ12)."""
    row = await hospital_by_code(unit, code)
    if not row.is_live(unit.today):
        raise HospitalNotLive(live_from=row.live_from and row.live_from.isoformat())
    return row


async def hospitals(unit: Unit) -> Sequence[Hospital]:
    """Those that are live today, longest first."""
    live = sa.select(Hospital).where(Hospital.live_from <= unit.today)
    return (await unit.session.scalars(live.order_by(Hospital.live_from, Hospital.name))).all()


async def hospital_names(unit: Unit) -> dict[UUID, tuple[str, str]]:
    """Every hospital's Chinese and English name, live or not; contributed to the staff sign-in."""
    rows = await unit.session.execute(sa.select(Hospital.id, Hospital.name, Hospital.name_en))
    return {row.id: (row.name, row.name_en) for row in rows}


async def campus(unit: Unit, campus_id: UUID) -> Campus:
    """Raises CampusNotFound."""
    row = await unit.session.get(Campus, campus_id)
    if row is None:
        raise CampusNotFound()
    return row


async def campuses(unit: Unit, hospital_id: UUID, *, live_only: bool = True) -> Sequence[Campus]:
    found = sa.select(Campus).where(Campus.hospital_id == hospital_id)
    if live_only:
        found = found.where(Campus.live_from <= unit.today)
    return (await unit.session.scalars(found.order_by(Campus.order, Campus.name))).all()


async def department(unit: Unit, department_id: UUID) -> Department:
    """Raises DepartmentNotFound."""
    row = await unit.session.get(Department, department_id)
    if row is None:
        raise DepartmentNotFound()
    return row


async def departments(
    unit: Unit,
    hospital_id: UUID,
    *,
    campus_id: UUID | None = None,
    kind: str | None = None,
    include_closed: bool = False,
) -> Sequence[Department]:
    """`kind` "online" keeps those on the online licence (XY20); "offline" and None keep all."""
    found = sa.select(Department).where(Department.hospital_id == hospital_id)
    if not include_closed:
        found = found.where(Department.open)
    if kind in ONLINE_KINDS:
        found = found.where(Department.online)
    if campus_id is not None:
        found = found.where(Department.campus_ids.contains([campus_id]))
    return (await unit.session.scalars(found.order_by(Department.order, Department.name))).all()


async def doctor(unit: Unit, doctor_id: UUID) -> Doctor:
    """Raises DoctorNotFound."""
    row = await unit.session.get(Doctor, doctor_id)
    if row is None:
        raise DoctorNotFound()
    return row


async def doctors(
    unit: Unit,
    hospital_id: UUID,
    department_id: UUID | None = None,
    campus_id: UUID | None = None,
    kind: str | None = None,
    *,
    include_left: bool = False,
) -> Sequence[Doctor]:
    """`kind` "online" keeps doctors who may sit online now, in departments that may (XY20)."""
    found = sa.select(Doctor).join(Department, Department.id == Doctor.department_id)
    found = found.where(Doctor.hospital_id == hospital_id)
    if not include_left:
        found = found.where(sa.or_(Doctor.left_on.is_(None), Doctor.left_on >= unit.today), Department.open)
    if department_id is not None:
        found = found.where(Doctor.department_id == department_id)
    if campus_id is not None:
        found = found.where(Doctor.campus_ids.contains([campus_id]))
    if kind in ONLINE_KINDS:
        found = found.where(Doctor.online, Doctor.suspension == Suspension.NONE, Department.online)
    return (await unit.session.scalars(found.order_by(Department.order, Doctor.name))).all()


async def doctors_by_id(unit: Unit, doctor_ids: Sequence[UUID]) -> dict[UUID, Doctor]:
    rows = await unit.session.scalars(sa.select(Doctor).where(Doctor.id.in_(doctor_ids)))
    return {row.id: row for row in rows}


async def doctor_of_account(unit: Unit, account_id: UUID, hospital_id: UUID) -> Doctor | None:
    found = sa.select(Doctor).where(Doctor.account_id == account_id, Doctor.hospital_id == hospital_id)
    return (await unit.session.scalars(found)).first()


async def credential(unit: Unit, credential_id: UUID) -> Credential:
    """Raises CredentialNotFound."""
    row = await unit.session.get(Credential, credential_id)
    if row is None:
        raise CredentialNotFound()
    return row


async def credentials(
    unit: Unit, hospital_id: UUID, *, doctor_id: UUID | None = None, member_id: UUID | None = None
) -> Sequence[Credential]:
    """Soonest to expire first."""
    found = sa.select(Credential).where(Credential.hospital_id == hospital_id)
    if doctor_id is not None:
        found = found.where(Credential.doctor_id == doctor_id)
    if member_id is not None:
        found = found.where(Credential.member_id == member_id)
    return (await unit.session.scalars(found.order_by(Credential.valid_until, Credential.id))).all()


async def lapsing_credentials(unit: Unit, hospital_id: UUID, *, by: HospitalDay) -> Sequence[Credential]:
    """The last of each kind that somebody holds, if it is over by the end of this day; soonest first."""
    later = aliased(Credential)
    renewed = sa.exists().where(
        sa.func.coalesce(later.doctor_id, later.member_id)
        == sa.func.coalesce(Credential.doctor_id, Credential.member_id),
        later.kind == Credential.kind,
        later.revoked_at.is_(None),
        later.valid_until > Credential.valid_until,
    )
    found = sa.select(Credential).where(
        Credential.hospital_id == hospital_id,
        Credential.revoked_at.is_(None),
        Credential.valid_until <= by,
        ~renewed,
    )
    return (await unit.session.scalars(found.order_by(Credential.valid_until, Credential.id))).all()


async def acceptance(
    unit: Unit, account_id: UUID, notice_id: UUID, *, person_id: UUID | None = None
) -> NoticeAcceptance | None:
    """The latest acceptance of this very text by this account; with a person: for that patient."""
    found = sa.select(NoticeAcceptance).where(
        NoticeAcceptance.account_id == account_id, NoticeAcceptance.notice_id == notice_id
    )
    if person_id is not None:
        found = found.where(NoticeAcceptance.person_id == person_id)
    latest = found.order_by(NoticeAcceptance.accepted_at.desc()).limit(1)
    return (await unit.session.scalars(latest)).first()


async def acceptance_counts(unit: Unit, hospital_id: UUID) -> dict[UUID, int]:
    """How many accounts accepted each version."""
    counted = (
        sa.select(NoticeAcceptance.notice_id, sa.func.count(sa.distinct(NoticeAcceptance.account_id)))
        .where(NoticeAcceptance.hospital_id == hospital_id)
        .group_by(NoticeAcceptance.notice_id)
    )
    return {notice_id: count for notice_id, count in await unit.session.execute(counted)}


async def current_notice(unit: Unit, hospital_id: UUID) -> ServiceNotice | None:
    found = sa.select(ServiceNotice).where(ServiceNotice.hospital_id == hospital_id)
    return (await unit.session.scalars(found.order_by(ServiceNotice.version.desc()).limit(1))).first()


async def notice(unit: Unit, notice_id: UUID) -> ServiceNotice:
    """Raises NoticeNotFound."""
    row = await unit.session.get(ServiceNotice, notice_id)
    if row is None:
        raise NoticeNotFound()
    return row


async def notices(unit: Unit, hospital_id: UUID) -> Sequence[ServiceNotice]:
    found = sa.select(ServiceNotice).where(ServiceNotice.hospital_id == hospital_id)
    return (await unit.session.scalars(found.order_by(ServiceNotice.version.desc()))).all()


NOTICE_ACCEPTED = Hot(
    sa.select(NoticeAcceptance.id)
    .where(NoticeAcceptance.account_id == sa.bindparam("account_id"))
    .where(
        NoticeAcceptance.notice_id
        == sa.select(ServiceNotice.id)
        .where(ServiceNotice.hospital_id == sa.bindparam("hospital_id"))
        .order_by(ServiceNotice.version.desc())
        .limit(1)
        .scalar_subquery()
    )
    .limit(1)
)


async def notice_accepted(
    unit: Unit, account_id: UUID, hospital_id: UUID, *, person_id: UUID | None = None
) -> bool:
    """Has this account accepted the text that is current now? With a person: for that patient (XY21)."""
    if person_id is None:
        row = await NOTICE_ACCEPTED.first(unit, account_id=account_id, hospital_id=hospital_id)
        return row is not None
    latest = await current_notice(unit, hospital_id)
    if latest is None:
        return False
    return await acceptance(unit, account_id, latest.id, person_id=person_id) is not None


async def calendar_days(
    unit: Unit, hospital_id: UUID, first: HospitalDay, last: HospitalDay
) -> dict[date, CalendarDay]:
    """The days from `first` to `last`, both included, that differ from their weekday."""
    found = sa.select(CalendarDay).where(
        CalendarDay.hospital_id == hospital_id, CalendarDay.day.between(first, last)
    )
    return {row.day: row for row in await unit.session.scalars(found)}


async def is_working_day(unit: Unit, hospital_id: UUID, day: HospitalDay) -> bool:
    row = await unit.session.get(CalendarDay, (hospital_id, day))
    return day.weekday() < 5 if row is None else row.is_working


async def working_calendar(unit: Unit, hospital_id: UUID, first: HospitalDay, last: HospitalDay) -> IsWorking:
    """The hospital's working days between two days, for counting with `core.calendar`."""
    noted = await calendar_days(unit, hospital_id, first, last)
    return working_by({day: row.is_working for day, row in noted.items()})


async def lock_doctor(unit: Unit, doctor_id: UUID) -> Doctor:
    """Raises DoctorNotFound."""
    found = sa.select(Doctor).where(Doctor.id == doctor_id).with_for_update()
    row = (await unit.session.scalars(found.execution_options(populate_existing=True))).first()
    if row is None:
        raise DoctorNotFound()
    return row


async def place_of(unit: Unit, thing_id: UUID) -> tuple[str, str] | None:
    """What this id is, "doctor", "campus" or "department", and the code of its hospital."""
    each = [
        sa.select(sa.literal(name), Hospital.code)
        .join(model, model.hospital_id == Hospital.id)
        .where(model.id == thing_id)
        for name, model in (("doctor", Doctor), ("campus", Campus), ("department", Department))
    ]
    row = (await unit.session.execute(sa.union_all(*each))).first()
    return None if row is None else (str(row[0]), str(row[1]))
