"""Two hospitals with one of everything in each, and a patient and a full staff of each."""

from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from prescriptions.formulary import accepting
from prescriptions.formulary.publishing import draft as draft_book
from prescriptions.queries import lines_of, prescription
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.states import ReactionState, Severity, Taking
from prescriptions.reviewing.planning import plan_duty
from telehealth.accounts.models import StaffMember
from telehealth.bookings.cancelling import cancel
from telehealth.bookings.models import Booking
from telehealth.bookings.paying import open_charge
from telehealth.complaints.photographing import offer as offer_photo
from telehealth.consultations.attaching import AnnouncedRoomFile, offer
from telehealth.consultations.chatting import say
from telehealth.consultations.gate import find_seat
from telehealth.consultations.helping import invite
from telehealth.consultations.states import FileKind
from telehealth.core.access import Actor, Role
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory.models import Credential
from telehealth.hospital.models import SystemKey
from telehealth.notifications.models import InboxMessage
from telehealth.patients.models import Consent, FaceCheck, PatientCard, PatientLink
from telehealth.patients.reviewing import ask_for_review
from telehealth.patients.rules import Relation
from telehealth.patients.states import FaceState, Purpose, ReviewKind
from telehealth.payments.models import Difference
from telehealth.payments.preparing import ask_for
from telehealth.ratings.models import Rating
from telehealth.ratings.states import WordsState
from telehealth.records import exporting, heirs
from telehealth.rulebook.publishing import draft_from_current
from telehealth.rulebook.rules import ClinicKind
from telehealth.schedule.models import ClinicTemplate
from telehealth.schedule.rules import HalfDay
from telehealth.strikes.appealing import appeal
from telehealth.web.sessions import open_session
from tests.support.factories.accounts import add_staff, staff
from tests.support.factories.bills import put_bill
from tests.support.factories.bookings import (
    House,
    Patient,
    add_booker,
    add_check,
    add_form,
    add_house,
    book,
)
from tests.support.factories.complaints import add_complaint
from tests.support.factories.dispatch import PILL, furnish
from tests.support.factories.family import add_paper, ask_to_bind
from tests.support.factories.insurance import add_cover
from tests.support.factories.intake import add_form as add_draft
from tests.support.factories.intake import add_photo
from tests.support.factories.notifications import add_message
from tests.support.factories.patients import add_person
from tests.support.factories.queues import put_ticket
from tests.support.factories.records import add_report, add_share
from tests.support.factories.rooms import Visit
from tests.support.factories.schedule import Planned, add_clinic
from tests.support.factories.strikes import add_strike
from tests.support.factories.visits import pay_cash, refunds_of_booking

#: What a plain "id" is the id of, by the path it stands in; elsewhere it is a session's.
_OWNERS = {"/messages/": "message_id", "/charges/": "charge_id", "/refunds/": "refund_id"}
STAFF_ROLES = tuple(role for role in Role if role is not Role.PATIENT)


@dataclass(frozen=True, slots=True)
class Side:
    """One hospital, its patient, its staff, and an id for each name that stands in a path."""

    house: House
    patient: Patient
    staff: dict[Role, StaffMember]
    clinic: Planned
    things: dict[str, str]

    def actor(self, role: Role | None) -> Actor:
        if role is None:
            return Actor()
        return self.patient.actor if role is Role.PATIENT else staff(self.staff[role])

    def fill(self, name: str, path: str) -> str:
        """The id meant by `name` in this path: some are two kinds of thing each."""
        is_of_relative = "/consents/" in path or "/face-checks/" in path
        owner = next((found for part, found in _OWNERS.items() if part in path), "session_id")
        where = {"id": owner, "kind": "order_kind" if "/orders/" in path else "kind",
                 "check_id": "face_check_id" if "/face-checks/" in path else "gate_check_id",
                 "person_id": "relative_id" if is_of_relative else "person_id"}  # fmt: skip
        return self.things[where.get(name, name)]


async def open_town(units: Units) -> tuple[Side, Side]:
    return (
        await _side(units, "yunan", "13800001234"),
        await _side(units, "jiangbin", "13900005678"),
    )


async def _side(units: Units, code: str, phone: str) -> Side:
    house = await add_house(units, code)
    who = await add_booker(units, house, phone)
    members: dict[Role, StaffMember] = {}
    for role in STAFF_ROLES:
        members[role] = await add_staff(
            units, house.hospital.id, [role], login=f"{role}.{code}",
            doctor_id=house.doctor.id if role is Role.DOCTOR else None,
        )  # fmt: skip
    spare = await add_staff(units, house.hospital.id, [Role.DESK], login=f"spare.{code}")
    clinic = await add_clinic(units, house.doctor, seats=(9, 9))
    booking = await book(units, house, who, clinic.slot.id)
    draft = await add_draft(units, who.actor, who.person, house.department)
    photo = await add_photo(units, who.actor, draft.id)
    things: dict[str, Any] = {
        "code": code,
        "topic": "bookings",
        # No report was ever made of it.
        "day": "2026-01-01",
        "person_id": who.person.id,
        "clinic_id": clinic.clinic.id,
        "slot_id": clinic.slots[1].id,
        "booking_id": booking.id,
        "order_kind": "bookings",
        "order_id": booking.id,
        "department_id": house.department.id,
        "doctor_id": house.doctor.id,
        "campus_id": house.campus.id,
        "notice_id": house.notice.id,
        "member_id": spare.id,
        "gate_check_id": await add_check(units, house, who),
        "form_id": await add_form(units, house, who),
        **await _records(units, house, who),
        "attachment_id": photo.id,
    }
    things |= await _more(units, house, who)
    things |= await _complained(units, house, who, booking)
    things |= await _money(units, house, who, booking)
    async with units.system("test") as unit:
        visited = await _one(unit, Booking, Booking.id == things["room_id"])
    things |= await furnish(
        units, Visit(house, who, members[Role.DOCTOR], visited, clinic), members[Role.PHARMACY]
    )
    things |= {"visit_id": things["room_id"], "drug_code": PILL, "verb": "claim", "act": "signature"}
    things |= {"bill_id": (await put_bill(units, house, who)).id}
    ticket, token = await put_ticket(units, house, who)
    things |= {"ticket_id": ticket.id, "screen_token": token}
    things |= await _reviewed(units, house, members[Role.PHARMACIST], UUID(str(things["prescription_id"])))
    return Side(house, who, members, clinic, {name: str(thing) for name, thing in things.items()})


async def _records(units: Units, house: House, who: Patient) -> dict[str, Any]:
    report = await add_report(units, house.hospital.id, who.person.id)
    share = await add_share(units, who.actor, report)
    async with units.of(who.actor) as unit:
        export = await exporting.ask(unit, who.actor, who.person.id)
        told = heirs.Told("样例故人", "330100194001010011", "子女", "了解最后的用药")
        request = await heirs.ask(unit, who.actor, house.hospital.code, told)
    return {
        "export_id": export.id,
        "request_id": request.id,
        "hospital_id": house.hospital.id,
        "source": "person",
        "report_id": report.id,
        "item_id": report.id,
        "document_id": report.id,
        "kind": "report",
        "share_id": share.id,
        "paper_id": share.paper_ids[0],
        "token": share.token,
    }


async def _reviewed(
    units: Units, house: House, pharmacist: StaffMember, prescription_id: UUID
) -> dict[str, Any]:
    """A line of the sheet, and a pharmacist on duty."""
    async with units.system("test") as unit:
        [line, *_] = await lines_of(unit, prescription_id)
        duty = await plan_duty(
            unit, house.hospital.id, pharmacist.account_id,
            starts_at=unit.now, ends_at=unit.now + timedelta(hours=8),
        )  # fmt: skip
    return {"line_id": line.id, "duty_id": duty.id, "reaction_id": await _reacted(units, prescription_id)}


async def _reacted(units: Units, prescription_id: UUID) -> UUID:
    """As reported; how one is reported has tests of its own."""
    async with units.system("test") as unit:
        rx = await prescription(unit, prescription_id)
        assert rx.account_id is not None
        row = Reaction(
            number=f"AR-{rx.number}", hospital_id=rx.hospital_id, account_id=rx.account_id,
            person_id=rx.person_id, prescription_id=rx.id, rx_number=rx.number, doctor_id=rx.signed_by,
            draft=new_id(), state=ReactionState.REPORTED, drug_codes=["W001"], what="样例：起红疹",
            began_on=unit.today, severity=Severity.MILD, taking=Taking.STOPPED, made_at=unit.now,
            policy_number=1, assess_by=unit.now + timedelta(hours=24), assessed_name="", advice="",
        )  # fmt: skip
        unit.session.add(row)
        await unit.session.flush()
        return row.id


async def _complained(units: Units, house: House, who: Patient, booking: Booking) -> dict[str, Any]:
    row = await add_complaint(units, house, who, about="booking", about_id=booking.id)
    photo, _ = await offer_photo(units, who.actor, row.id, content_type="image/jpeg", size=1000)
    had = Rating(
        booking_id=booking.id, hospital_id=house.hospital.id, account_id=who.account.id,
        doctor_id=house.doctor.id, stars=4, words="样例：讲得很耐心", words_state=WordsState.WAITING,
        made_at=row.made_at, editable_until=row.made_at, policy_number=1,
    )  # fmt: skip
    async with units.system("test") as unit:
        unit.session.add(had)
        await unit.session.flush()
    return {"complaint_id": row.id, "photo_id": photo.id, "rating_id": had.id}


async def _more(units: Units, house: House, who: Patient) -> dict[str, Any]:
    """What no factory makes: papers, checks, appeals, drafts."""
    hospital_id, account_id = house.hospital.id, who.account.id
    relative = await add_person(units, who.account, name="样例丙", relation=Relation.SPOUSE)
    strike = await add_strike(units, hospital_id, who.account, who.person, house.notice.published_at.date())
    spare = await add_strike(units, hospital_id, who.account, relative, house.notice.published_at.date())
    await add_message(units, account_id)
    async with units.of(who.actor) as unit:
        made = await appeal(unit, who.actor, spare.id, "当时在住院，无法就诊")
    asked = await ask_to_bind(units, who.actor, house.hospital, relative)
    paper = await add_paper(units, asked)
    async with units.system("test") as unit:
        link = await _one(unit, PatientLink, PatientLink.person_id == relative.id)
        consent = Consent(
            account_id=account_id, person_id=relative.id, link_id=link.id, purpose=Purpose.IDENTITY_CHECK,
            text_version="1", text_sha256="0" * 64, given_by="holder", given_at=unit.now, withdrawn_by="",
            evidence={},
        )  # fmt: skip
        face = FaceCheck(
            account_id=account_id, link_id=link.id, state=FaceState.STARTED, token="sample-token",
            started_at=unit.wall, expires_at=unit.wall + timedelta(minutes=10),
        )  # fmt: skip
        template = ClinicTemplate(
            hospital_id=hospital_id, campus_id=house.campus.id, department_id=house.department.id,
            doctor_id=house.doctor.id, weekday=2, half=HalfDay.MORNING, kind=ClinicKind.INTERNET, capacity=8,
            runs_on_holidays=False, active=True,
        )  # fmt: skip
        unit.session.add_all([consent, face, template])
        await unit.session.flush()
        review = await ask_for_review(unit, link, ReviewKind.DOCUMENT, hospital_id)
        draft = await draft_from_current(unit, hospital_id)
        opened = await open_session(unit, who.actor, channel="app")
        key = SystemKey(
            hospital_id=hospital_id, name="样例信息系统", digest=f"sample-{hospital_id}", made_at=unit.now
        )
        unit.session.add(key)
        await unit.session.flush()
        return {
            "relative_id": relative.id,
            "binding_id": asked.id,
            "paper_id": paper.id,
            "strike_id": strike.id,
            "appeal_id": made.id,
            "link_id": link.id,
            "consent_id": consent.id,
            "face_check_id": face.id,
            "template_id": template.id,
            "review_id": review.id,
            "version_id": draft.id,
            "key_id": key.id,
            "session_id": opened.session_id,
            "card_id": (await _one(unit, PatientCard, PatientCard.account_id == account_id)).id,
            "message_id": (await _one(unit, InboxMessage, InboxMessage.account_id == account_id)).id,
            "credential_id": (await _one(unit, Credential, Credential.doctor_id == house.doctor.id)).id,
        }


async def _money(units: Units, house: House, who: Patient, booking: Booking) -> dict[str, Any]:
    """What is still to be paid, with the insurer asked; what was paid and goes back; what does not agree."""
    async with units.of(who.actor) as unit:
        charge = await open_charge(unit, booking.id)
    later = await add_clinic(units, house.doctor, half=HalfDay.AFTERNOON, starts=time(14))
    given_up = await pay_cash(units, house, await book(units, house, who, later.slot.id))
    async with units.of(who.actor) as unit:
        await cancel(unit, given_up.id)
    [refund] = await refunds_of_booking(units, given_up)
    cover = await add_cover(units, house, who, charge.id)
    visit = await pay_cash(units, house, await book(units, house, who, later.slot.id))
    return await _room(units, who, visit) | {
        "charge_id": charge.id,
        "refund_id": refund.id,
        "difference_id": await _difference(units, house),
        "export_id": await _export(units, house),
        "import_id": await _import(units, house),
        "cover_id": cover.id,
        "state": cover.token,
    }


async def _export(units: Units, house: House) -> UUID:
    clerk = Actor.signed_in(
        new_id(), frozenset({Role.FINANCE}), hospital_id=house.hospital.id, name="样例财务", assurance="totp"
    )
    async with units.of(clerk) as unit:
        return (await ask_for(unit, "orders", unit.today, unit.today, lang="zh-CN")).id


async def _import(units: Units, house: House) -> UUID:
    """A file that is announced for a draft of the drug book."""
    boss = Actor.signed_in(
        new_id(), frozenset({Role.ADMIN}), hospital_id=house.hospital.id, name="样例管理员", assurance="totp"
    )
    async with units.of(boss) as unit:
        version = await draft_book(unit, house.hospital.id)
    row, _ = await accepting.offer(units, boss, version.id, "medicines", size=1000, replaces=False)
    return row.id


async def _room(units: Units, who: Patient, visit: Booking) -> dict[str, Any]:
    """A paid visit with something said, a file on its way and somebody invited."""
    place = await find_seat(units, who.actor, visit.id)
    await say(units, place, client_id=new_id(), kind="text", text="降压药快吃完了")
    announced = AnnouncedRoomFile(kind=FileKind.PHOTO, content_type="image/jpeg", size=1000)
    file, _ = await offer(units, who.actor, visit.id, announced)
    helper = await invite(units, who.actor, visit.id, name="女儿")
    return {
        "room_id": visit.id, "file_id": file.id, "seat_id": helper.seat.id, "token": "no-such-invitation",
        "segment_id": new_id(), "follow_up_id": new_id(),
    }  # fmt: skip


async def _difference(units: Units, house: House) -> UUID:
    async with units.system("test") as unit:
        row = Difference(
            hospital_id=house.hospital.id, day=unit.today, party="wechatpay", kind="missing_here",
            reference="CH-261120-SAMPLE-1", ours=None, theirs=5000, found_at=unit.now,
        )  # fmt: skip
        unit.session.add(row)
        await unit.session.flush()
        return row.id


async def _one(unit: Unit, kind: Any, where: sa.ColumnElement[bool]) -> Any:
    return (await unit.session.scalars(sa.select(kind).where(where).limit(1))).one()
