from uuid import UUID

from pydantic import BaseModel, ConfigDict
from starlette.routing import Route

from telehealth.core.access import Permission
from telehealth.core.unit import Unit
from telehealth.directory import accepting, queries
from telehealth.directory.advising import emergency_advice
from telehealth.directory.errors import (
    DoctorNotFound,
    HospitalNotFound,
    HospitalNotLive,
    NoticeNotFound,
    NoticeOutdated,
)
from telehealth.directory.schemas import (
    AcceptanceView,
    AcceptNotice,
    CampusView,
    DepartmentView,
    DoctorView,
    EmergencyView,
    HospitalDetailView,
    HospitalView,
    NoticeView,
)
from telehealth.directory.states import VisitDoor
from telehealth.web.contract import operation


class DepartmentQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    campus: UUID | None = None
    kind: VisitDoor | None = None


class DoctorQuery(DepartmentQuery):
    department: UUID | None = None


@operation(public=True)
async def list_hospitals(unit: Unit) -> list[HospitalView]:
    """Hospitals that are live today."""
    return [HospitalView.of(row, unit.today) for row in await queries.hospitals(unit)]


@operation(public=True, raises=(HospitalNotFound,))
async def show_hospital(unit: Unit, code: str) -> HospitalDetailView:
    """A hospital, live or not yet, and where to turn in an emergency."""
    row = await queries.hospital_by_code(unit, code)
    advice = EmergencyView.of(await emergency_advice(unit, row.id))
    return HospitalDetailView(**dict(HospitalView.of(row, unit.today)), emergency=advice)


@operation(public=True, raises=(HospitalNotFound, HospitalNotLive))
async def list_campuses(unit: Unit, code: str) -> list[CampusView]:
    row = await queries.live_hospital(unit, code)
    return [CampusView.of(campus) for campus in await queries.campuses(unit, row.id)]


@operation(public=True, raises=(HospitalNotFound, HospitalNotLive))
async def list_departments(unit: Unit, code: str, query: DepartmentQuery) -> list[DepartmentView]:
    """With `kind` "online": those on the hospital's licence for online care."""
    row = await queries.live_hospital(unit, code)
    found = await queries.departments(unit, row.id, campus_id=query.campus, kind=query.kind)
    return [DepartmentView.of(department) for department in found]


@operation(public=True, raises=(HospitalNotFound, HospitalNotLive))
async def list_doctors(unit: Unit, code: str, query: DoctorQuery) -> list[DoctorView]:
    """With `kind` "online": those who may sit online clinics now."""
    row = await queries.live_hospital(unit, code)
    found = await queries.doctors(unit, row.id, query.department, query.campus, query.kind)
    return [DoctorView.of(doctor) for doctor in found]


@operation(public=True, raises=(HospitalNotFound, HospitalNotLive, DoctorNotFound))
async def show_doctor(unit: Unit, code: str, doctor_id: UUID) -> DoctorView:
    row = await queries.live_hospital(unit, code)
    doctor = await queries.doctor(unit, doctor_id)
    if doctor.hospital_id != row.id or not doctor.works_on(unit.today):
        raise DoctorNotFound()
    return DoctorView.of(doctor)


@operation(public=True, raises=(HospitalNotFound, NoticeNotFound))
async def show_notice(unit: Unit, code: str) -> NoticeView:
    """The service notice a patient must read and accept before booking."""
    row = await queries.hospital_by_code(unit, code)
    notice = await queries.current_notice(unit, row.id)
    if notice is None:
        raise NoticeNotFound()
    return NoticeView.of(notice)


@operation(needs=Permission.BOOK, raises=(HospitalNotFound, NoticeOutdated), idempotent=True)
async def accept_service_notice(unit: Unit, code: str, body: AcceptNotice) -> AcceptanceView:
    """Say that this account read exactly the text with this digest. A newer version asks again."""
    row = await queries.hospital_by_code(unit, code)
    notice = await accepting.accept_notice(
        unit,
        row.id,
        body.sha256,
        account_id=unit.actor.account,
        channel=body.channel,
        person_id=body.person_id,
    )
    return AcceptanceView(notice_id=notice.id, version=notice.version, sha256=notice.sha256)


routes = [
    Route("/hospitals", list_hospitals),
    Route("/hospitals/{code}", show_hospital),
    Route("/hospitals/{code}/campuses", list_campuses),
    Route("/hospitals/{code}/departments", list_departments),
    Route("/hospitals/{code}/doctors", list_doctors),
    Route("/hospitals/{code}/doctors/{doctor_id}", show_doctor),
    Route("/hospitals/{code}/notice", show_notice),
    Route("/hospitals/{code}/notice/acceptance", accept_service_notice, methods=["POST"]),
]
