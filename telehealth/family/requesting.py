"""Ask to bind a relative (GS02, GS06, GS07), and give the request up again."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import Actor
from telehealth.core.clock import day_end
from telehealth.core.deadlines import set_deadline
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id, public_number
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital_by_code
from telehealth.family import queries
from telehealth.family.ending import give_up
from telehealth.family.errors import (
    AlreadyBound,
    AlreadyDecided,
    FamilyClosed,
    MemberUnverified,
    NotARelative,
    PayerUnknown,
)
from telehealth.family.models import Binding
from telehealth.family.placing import take_places
from telehealth.family.rules import age_on, is_offered, lapse_day, needs_guardian, speaks_for_itself
from telehealth.family.states import PENDING, BindingEvent, BindingState
from telehealth.patients import LinkPending, LinkState, PatientLink, Person, link_for, own_person, person
from telehealth.patients.linking_family import record_consent
from telehealth.patients.rules import Relation
from telehealth.patients.states import Purpose
from telehealth.rulebook import PolicyMissing, PolicyVersion, current_policy

REASON = "family account"
LAPSE = "family.lapse"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`agreed` holds what a guardian ticked for a child; an adult's own word comes with the proof."""

    person_id: UUID
    hospital: str
    agreed: frozenset[Purpose] = frozenset()


async def request(units: Units, actor: Actor, wanted: Wanted) -> Binding:
    """A request, with its places of the month taken. How it is proved comes next.

    Raises PersonNotFound, LinkPending, HospitalNotFound, FamilyClosed, NotARelative, PayerUnknown,
    MemberUnverified, AlreadyBound, MonthFull, MemberMonthFull; FieldsInvalid for a box not ticked.
    """
    async with units.system(REASON, actor) as unit:
        link = await link_for(unit, actor.account, wanted.person_id, lock=True)
        place = await hospital_by_code(unit, wanted.hospital)
        version = await offered_policy(unit, place.id)
        payer, member = await _pair(unit, link)
        age = age_on(member.birth_date, unit.today, version.policy)
        _check_agreed(wanted.agreed, age, version)
        binding = await _insert(unit, place.id, link, payer, member, age=age, version=version)
        await take_places(unit, binding, version.policy)
        if not speaks_for_itself(age, version.policy):
            record_consent(unit, link, Purpose.FAMILY_PAYING, given_by="guardian")
        if needs_guardian(age, version.policy):
            record_consent(unit, link, Purpose.FAMILY_CHILD, given_by="guardian")
        await set_deadline(
            unit, LAPSE, binding.id, binding.lapses_at,
            hospital_id=binding.hospital_id, account_id=binding.account_id,
        )  # fmt: skip
        unit.audit("family.requested", binding, number=binding.number, age=age, policy=version.number)
        return binding


async def withdraw(units: Units, actor: Actor, binding_id: UUID) -> Binding:
    """The user gives the request up; its places are free again. Raises BindingNotFound, AlreadyDecided."""
    async with units.system(REASON, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
        if binding.state not in PENDING:
            raise AlreadyDecided()
        await give_up(unit, binding, BindingEvent.WITHDRAW)
        return binding


async def lapse(unit: Unit, binding_id: UUID) -> None:
    """The deadline `family.lapse`: nobody proved it in time."""
    binding = await queries.any_binding(unit, binding_id, lock=True)
    # What waits for staff waits on: the delay is not the user's.
    is_waiting_for_staff = binding.state is BindingState.REVIEWING and binding.answer_by is not None
    if binding.state in PENDING and not is_waiting_for_staff:
        await give_up(unit, binding, BindingEvent.LAPSE)


async def offered_policy(unit: Unit, hospital_id: UUID) -> PolicyVersion:
    """Raises FamilyClosed where it is not offered, or not yet (GS12)."""
    try:
        version = await current_policy(unit, hospital_id)
    except PolicyMissing:
        raise FamilyClosed() from None
    if not is_offered(version.policy, unit.today):
        raise FamilyClosed()
    return version


async def _pair(unit: Unit, link: PatientLink) -> tuple[Person, Person]:
    if link.relation is Relation.SELF:
        raise NotARelative()
    if link.state is not LinkState.ACTIVE:
        raise LinkPending(missing=link.missing)
    payer = await own_person(unit, link.account_id)
    if payer is None or not payer.is_verified:
        raise PayerUnknown()
    member = await person(unit, link.person_id)
    if not member.is_verified:
        raise MemberUnverified()
    if payer.id == member.id:
        raise NotARelative()
    return payer, member


def _check_agreed(agreed: Collection[Purpose], age: int, version: PolicyVersion) -> None:
    problems: dict[str, str] = {}
    if not speaks_for_itself(age, version.policy) and Purpose.FAMILY_PAYING not in agreed:
        problems["agree_paying"] = N_("请监护人阅读并勾选同意")
    if needs_guardian(age, version.policy) and Purpose.FAMILY_CHILD not in agreed:
        problems["agree_child"] = N_("未满十四周岁须由监护人单独同意")
    if problems:
        raise FieldsInvalid(problems)


async def _insert(
    unit: Unit,
    hospital_id: UUID,
    link: PatientLink,
    payer: Person,
    member: Person,
    *,
    age: int,
    version: PolicyVersion,
) -> Binding:
    binding = Binding(
        id=new_id(),
        number=public_number("JT", unit.now, await queries.next_number(unit)),
        hospital_id=hospital_id,
        account_id=link.account_id,
        payer_id=payer.id,
        person_id=member.id,
        link_id=link.id,
        state=BindingState.PROVING,
        relation=link.relation,
        payer_name=payer.name,
        member_name=member.name,
        document_kind=member.document_kind,
        document_number=member.document_number,
        birth_date=member.birth_date,
        age=age,
        policy_number=version.number,
        evidence={},
        requested_at=unit.now,
        lapses_at=day_end(lapse_day(unit.today, version.policy)),
        reason="",
        ended_by="",
    )
    columns = {column.key: getattr(binding, column.key) for column in Binding.__mapper__.columns}
    row = insert(Binding).values(columns).on_conflict_do_nothing().returning(Binding.id)
    if (await unit.session.execute(row)).scalar_one_or_none() is None:
        # The same form sent twice at once, or a relative who is bound already.
        raise AlreadyBound()
    return await queries.any_binding(unit, binding.id, lock=True)
