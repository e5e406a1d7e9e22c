"""Who looked at my data: when, as what, what of it and why (GS13). Never more than one needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telehealth.consultations.recounting import looks_at
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.directory import department as department_of
from telehealth.directory import departments, doctor_of_account, hospitals, said
from telehealth.patients import person_for
from telehealth.patients.disclosing import Disclosure, disclosures_of
from telehealth.patients.viewing import Looked, looks_of
from telehealth.records import queries

#: As what somebody looked → who they are, and why they may.
WHO: Mapping[str, tuple[str, str]] = {
    "doctor": (N_("医生"), N_("为您接诊")),
    "colleague": (N_("会诊医生"), N_("受接诊医生邀请会诊")),
    "head": (N_("医院管理者"), N_("医疗质量管理")),
    "system": (N_("医院信息系统"), N_("院内系统调阅")),
    "pharmacist": (N_("审方药师"), N_("审核您的处方")),
    "pharmacy": (N_("药房"), N_("为您配药")),
    "desk": (N_("服务台"), N_("为您办理业务")),
    "reviewer": (N_("审核人员"), N_("核验身份材料")),
    "finance": (N_("财务人员"), N_("核对费用与退款")),
    "admin": (N_("管理员"), N_("系统管理")),
}
OTHER = (N_("医院工作人员"), N_("工作需要"))
WHAT: Mapping[str, str] = {
    "record": N_("就诊记录"),
    "recording": N_("播放了录音录像"),
    "image": N_("图片或文件"),
    Looked.FILE: N_("病情资料与既往记录"),
    Looked.PRESCRIPTION: N_("处方"),
    Looked.DISPATCH: N_("配药单"),
    Looked.BOOKING: N_("预约信息"),
    Looked.IDENTITY: N_("身份材料"),
}
SHARED = (N_("持有分享链接的人"), N_("您分享给对方"))
SHARE_OPENED = N_("打开了您的分享")


@dataclass(frozen=True, slots=True)
class Look:
    """`who`, `what` and `why` are message ids; `hospital` and `department` by language, empty where none."""

    at: datetime
    who: str
    what: str
    why: str
    hospital: Mapping[str, str]
    department: Mapping[str, str]
    #: "staff", "system", "share".
    kind: str


@dataclass(frozen=True, slots=True)
class Looks:
    looks: list[Look]
    disclosures: list[Disclosure]


async def looks_at_person(
    unit: Unit, person_id: UUID, *, before: datetime | None = None, limit: int = 50
) -> list[Look]:
    """Latest first, one more than `limit` if there are more. Raises PersonNotFound, LinkPending."""
    await person_for(unit, unit.actor.account, person_id)
    places = {place.id: _names(place) for place in await hospitals(unit)}
    found: list[Look] = []
    known: dict[tuple[UUID, UUID], Mapping[str, str]] = {}
    for look in await looks_at(unit, person_id, before=before, limit=limit + 1):
        department = await _department(unit, known, look.viewer_id, look.hospital_id, look.role)
        if look.role == "doctor" and not department:
            department = _names(await department_of(unit, look.department_id))
        found.append(_staff(look.at, look.role, look.what, places.get(look.hospital_id, {}), department))
    for view in await looks_of(unit, person_id, before=before, limit=limit + 1):
        department = await _department(unit, known, view.viewer_id, view.hospital_id, view.role)
        found.append(_staff(view.at, view.role, view.what, places.get(view.hospital_id, {}), department))
    found += await _shared(unit, person_id, before, limit + 1)
    found.sort(key=lambda look: look.at, reverse=True)
    return found[: limit + 1]


async def disclosed(unit: Unit, person_id: UUID) -> list[Disclosure]:
    """To whom outside something went, latest first. Raises PersonNotFound, LinkPending."""
    await person_for(unit, unit.actor.account, person_id)
    return list(await disclosures_of(unit, [person_id]))


async def _shared(unit: Unit, person_id: UUID, before: datetime | None, limit: int) -> list[Look]:
    shares = [row for row in await queries.shares_of(unit, unit.actor.account, limit=200)]
    own = [row.id for row in shares if row.person_id == person_id]
    views = await queries.share_views(unit, own, limit=limit, before=before)
    return [Look(view.at, SHARED[0], SHARE_OPENED, SHARED[1], {}, {}, "share") for view in views]


def _staff(
    at: datetime, role: str, what: str, hospital: Mapping[str, str], department: Mapping[str, str]
) -> Look:
    who, why = WHO.get(role, OTHER)
    kind = "system" if role == "system" else "staff"
    return Look(at, who, WHAT.get(what, what), why, hospital, department, kind)


async def _department(
    unit: Unit,
    known: dict[tuple[UUID, UUID], Mapping[str, str]],
    viewer_id: UUID,
    hospital_id: UUID,
    role: str,
) -> Mapping[str, str]:
    """Of a doctor, whose department everybody may know; other staff are told by what they do."""
    if role not in ("doctor", "colleague"):
        return {}
    key = (viewer_id, hospital_id)
    if key not in known:
        doctor = await doctor_of_account(unit, viewer_id, hospital_id)
        places = {each.id: each for each in await departments(unit, hospital_id, include_closed=True)}
        found = places.get(doctor.department_id) if doctor else None
        known[key] = _names(found) if found else {}
    return known[key]


def _names(row: object) -> Mapping[str, str]:
    return {lang: said(row, "name", lang) for lang in ("zh-CN", "en")}
