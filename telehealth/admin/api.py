from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from telehealth.accounts import MemberNotFound, enrolling_staff, staff_member, staff_of
from telehealth.accounts.errors import LastAdministrator, LoginTaken, VouchedElsewhere
from telehealth.admin import housekeeping, placing, queries
from telehealth.admin.queries import AuditSearch, Unnamed
from telehealth.admin.reading_audit import AuditBook, Meant
from telehealth.admin.schemas import (
    AuditNameView,
    AuditQuery,
    AuditView,
    ChainView,
    ChangeStaff,
    EnrolledView,
    EnrolStaff,
    StaffView,
    WithReason,
)
from telehealth.core.access import Permission
from telehealth.core.errors import FieldsInvalid, TransitionRefused
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, cut, moment_key
from telehealth.web.preferences import language

STAFF = Permission.MANAGE_STAFF


@operation(needs=Permission.SEARCH_AUDIT, raises=(FieldsInvalid,))
async def search_audit(request: Request, unit: Unit, query: AuditQuery) -> Page[AuditView]:
    """The hospital's audit log, newest first."""
    book, lang = unit.port(AuditBook), language(request)
    rows = await queries.search(
        unit,
        unit.actor.hospital,
        search_of(book, query, lang),
        after=moment_key(query.after),
        limit=query.limit,
    )
    kept, more = cut(rows, query.limit, lambda row: (row[0].at.isoformat(), row[0].id))
    items = [AuditView.of(record, link, book.read(record, lang)) for record, link in kept]
    return Page(items=items, next=more)


@operation(needs=Permission.SEARCH_AUDIT)
async def list_audit_names(request: Request, unit: Unit) -> list[AuditNameView]:
    """Every name that may stand in the log, with its words, by parts of the hospital's work."""
    book, lang = unit.port(AuditBook), language(request)
    return [
        AuditNameView(name=name, words=words, area=area, area_words=area_words)
        for area, area_words in book.areas(lang)
        for name, words in book.names(lang, area)
    ]


@operation(needs=Permission.SEARCH_AUDIT)
async def verify_audit_chain(unit: Unit) -> ChainView:
    """Recompute the hospital's whole chain. That somebody did is itself on record."""
    state = await queries.chain_state(unit, unit.actor.hospital)
    broken = await housekeeping.verify_chain(unit, unit.actor.hospital)
    return ChainView(
        links=state.links, waiting=state.waiting, tip=state.tip, broken_link=broken, intact=broken is None
    )


@operation(needs=STAFF)
async def list_staff(unit: Unit) -> list[StaffView]:
    return [StaffView.of(member) for member in await staff_of(unit)]


@operation(needs=STAFF, status=201, raises=(LoginTaken, FieldsInvalid))
async def enrol_staff(unit: Unit, body: EnrolStaff) -> EnrolledView:
    """Open an account with work here. The answer is the only place its first password is shown."""
    enrolled = await placing.enrol(unit, body)
    return EnrolledView(member=StaffView.of(enrolled.member), initial_password=enrolled.initial_password)


@operation(needs=STAFF, raises=(MemberNotFound,))
async def show_staff_member(unit: Unit, member_id: UUID) -> StaffView:
    member = await staff_member(unit, member_id)
    if member is None or member.hospital_id != unit.actor.hospital:
        raise MemberNotFound()
    return StaffView.of(member)


@operation(needs=STAFF, raises=(MemberNotFound, LastAdministrator, FieldsInvalid))
async def change_staff_member(unit: Unit, member_id: UUID, body: ChangeStaff) -> StaffView:
    """Name, roles and the doctor they are. Their sessions here end."""
    return StaffView.of(await placing.change(unit, member_id, body))


@operation(needs=STAFF, raises=(MemberNotFound, LastAdministrator, TransitionRefused))
async def suspend_staff_member(unit: Unit, member_id: UUID, body: WithReason) -> StaffView:
    return StaffView.of(await enrolling_staff.suspend(unit, member_id, reason=body.reason))


@operation(needs=STAFF, raises=(MemberNotFound, TransitionRefused))
async def reinstate_staff_member(unit: Unit, member_id: UUID, body: WithReason) -> StaffView:
    return StaffView.of(await enrolling_staff.reinstate(unit, member_id, reason=body.reason))


@operation(needs=STAFF, raises=(MemberNotFound, VouchedElsewhere))
async def reset_staff_second_factor(unit: Unit, member_id: UUID) -> StaffView:
    """The phone was lost: the next sign-in enrols another."""
    return StaffView.of(await enrolling_staff.reset_second_factor(unit, member_id))


@operation(needs=STAFF, raises=(MemberNotFound, VouchedElsewhere))
async def reset_staff_password(unit: Unit, member_id: UUID) -> EnrolledView:
    enrolled = await enrolling_staff.reset_password(unit, member_id)
    return EnrolledView(member=StaffView.of(enrolled.member), initial_password=enrolled.initial_password)


def search_of(book: AuditBook, query: AuditQuery, lang: str) -> AuditSearch:
    """What somebody typed, as names and conditions. Raises FieldsInvalid for an area that is none."""
    within = book.names_in(query.area) if query.area else None
    if query.area and within is None:
        raise FieldsInvalid({"area": N_("请从给出的选项中选择")})
    meant = book.meant_by(query.name, lang) if query.name else Meant(())
    actor = book.actor_meant_by(query.actor, lang)
    return AuditSearch(
        names=meant.names,
        prefix=meant.prefix,
        within=within,
        subject=query.subject,
        actor=actor if isinstance(actor, str) else "",
        unnamed=actor if isinstance(actor, Unnamed) else None,
        first=query.first,
        last=query.last,
    )


routes = [
    Route("/audit/records", search_audit),
    Route("/audit/names", list_audit_names),
    Route("/audit/verification", verify_audit_chain, methods=["POST"]),
    Route("/staff/members", list_staff),
    Route("/staff/members", enrol_staff, methods=["POST"]),
    Route("/staff/members/{member_id}", show_staff_member),
    Route("/staff/members/{member_id}", change_staff_member, methods=["PUT"]),
    Route("/staff/members/{member_id}/suspension", suspend_staff_member, methods=["POST"]),
    Route("/staff/members/{member_id}/reinstatement", reinstate_staff_member, methods=["POST"]),
    Route("/staff/members/{member_id}/second-factor-reset", reset_staff_second_factor, methods=["POST"]),
    Route("/staff/members/{member_id}/password-reset", reset_staff_password, methods=["POST"]),
]
