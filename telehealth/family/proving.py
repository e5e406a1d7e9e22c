"""From 16 the member shows it is them: by face, by bank card and phone, or at the desk (GS04, GS05).

None depends on another, and a face is never the only one. Pictures stay with the vendor.
"""

from datetime import timedelta
from uuid import UUID

from telehealth.accounts import CodePurpose, check_code, issue_code, mask_phone, spend_code
from telehealth.accounts.errors import CodeExpired
from telehealth.core.access import Actor
from telehealth.core.clock import day_end
from telehealth.core.deadlines import set_deadline
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit, Units
from telehealth.directory import working_calendar
from telehealth.family import queries
from telehealth.family.binding import bind
from telehealth.family.errors import BankCardMismatch, PapersMissing, WayClosed
from telehealth.family.models import Binding
from telehealth.family.rules import answer_day, ways_open
from telehealth.family.states import PENDING, BindingEvent, BindingState, Way
from telehealth.patients import IdentityChecker
from telehealth.patients.disclosing import Recipient, tell_of_identity_check
from telehealth.patients.matching import REGISTERED_KINDS
from telehealth.patients.ports import IdentityAnswer
from telehealth.patients.rules import DocumentKind, normalise_phone
from telehealth.patients.verifying_identity import finish_face_check, start_face_check
from telehealth.rulebook import current_policy

REASON = "family account"
ANSWER_DUE = "family.answer_due"
#: Longer than any number of working days a hospital may promise.
_LOOK_AHEAD = timedelta(days=40)


async def ways_of(unit: Unit, binding: Binding) -> tuple[Way, ...]:
    """How this request may be proved, by the numbers of its hospital and the age on its day."""
    policy = (await current_policy(unit, binding.hospital_id)).policy
    return ways_open(binding.age, policy, has_register=binding.document_kind in REGISTERED_KINDS)


async def require_way(unit: Unit, binding: Binding, way: Way) -> None:
    """Raises WayClosed, with the ways that are open; also when there is nothing left to prove."""
    open_ways = await ways_of(unit, binding) if binding.state in PENDING else ()
    if way not in open_ways:
        raise WayClosed(ways=[str(one) for one in open_ways])


async def start_face(
    units: Units, actor: Actor, binding_id: UUID, *, return_url: str, agreed: bool
) -> tuple[UUID, str]:
    """Id of the check, and where the member goes for it. `return_url` may hold `{id}`.

    Raises BindingNotFound, WayClosed, FieldsInvalid without the separate consent, and as the vendor does.
    """
    async with units.account(actor.account, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id)
        await require_way(unit, binding, Way.FACE)
    check, url = await start_face_check(units, actor, binding.person_id, return_url=return_url, agreed=agreed)
    async with units.account(actor.account, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
        # Only the check begun for this request counts, never one that was passed for another reason.
        binding.evidence = {**binding.evidence, "face_check": str(check.id)}
    return check.id, url


async def finish_face(units: Units, actor: Actor, binding_id: UUID, check_id: UUID) -> Binding:
    """Ask the vendor, from our side, what became of it. Finishing twice changes nothing.

    Raises BindingNotFound, WayClosed, FaceCheckNotFound, FacePending, FaceFailed, IdentityUnavailable.
    """
    async with units.account(actor.account, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id)
    if binding.evidence.get("face_check") != str(check_id):
        raise WayClosed(ways=[])
    if binding.state is BindingState.BOUND:
        return binding
    await finish_face_check(units, actor, binding.person_id, check_id)
    return await _prove(units, actor, binding_id, Way.FACE)


async def check_bank_card(units: Units, actor: Actor, binding_id: UUID, *, card: str, phone: str) -> str:
    """Name, document, card and phone belong together, says the bank; then a code goes to that phone.

    Answers with the phone, masked. Nothing of the card is kept.

    Raises BindingNotFound, WayClosed, BankCardMismatch, IdentityUnavailable, IdentityQuotaSpent,
    FieldsInvalid for a phone that gets no message, and as `issue_code` does.
    """
    e164 = normalise_phone(phone)
    async with units.account(actor.account, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id)
        await require_way(unit, binding, Way.BANK_CARD)
        if binding.document_kind is not DocumentKind.RESIDENT_ID:
            raise WayClosed(ways=[])
    checker = units.port(IdentityChecker)  # type: ignore[type-abstract]
    answer = await checker.check_bank_card(
        binding.member_name, binding.document_number, card=card, phone=e164
    )
    async with units.account(actor.account, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
        await require_way(unit, binding, Way.BANK_CARD)
        matches = answer is IdentityAnswer.MATCH
        binding.consent_phone = e164 if matches else None
        unit.audit("family.bank_card_checked", binding, passed=matches)
        await tell_of_identity_check(unit, binding.person_id, new_id(), by=Recipient.BANK_CHECKER)
    if not matches:
        raise BankCardMismatch()
    await issue_code(units, e164, purpose=CodePurpose.FAMILY, subject=str(binding_id))
    return mask_phone(e164)


async def give_code(units: Units, actor: Actor, binding_id: UUID, code: str) -> Binding:
    """The member read us the code that went to the phone their bank holds.

    Raises BindingNotFound, WayClosed, CodeWrong, CodeBurned, CodeExpired.
    """
    async with units.account(actor.account, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id)
        await require_way(unit, binding, Way.BANK_CARD)
    phone = binding.consent_phone
    if phone is None:
        raise CodeExpired()
    right = await check_code(units, phone, purpose=CodePurpose.FAMILY, subject=str(binding_id), code=code)
    async with units.system(REASON, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
        await require_way(unit, binding, Way.BANK_CARD)
        await spend_code(unit, right)
        await bind(unit, binding, BindingEvent.PROVE, way=Way.BANK_CARD, phone=mask_phone(phone))
        return binding


async def submit_papers(unit: Unit, actor: Actor, binding_id: UUID) -> Binding:
    """To the hospital's queue, with its promise. Raises BindingNotFound, WayClosed, PapersMissing."""
    binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
    await require_way(unit, binding, Way.PAPERS)
    papers = await queries.papers_of(unit, binding.id)
    if not papers:
        raise PapersMissing()
    binding.apply(BindingEvent.SUBMIT)
    binding.way, binding.submitted_at = Way.PAPERS, unit.now
    binding.evidence = {**binding.evidence, "papers": [paper.sha256 for paper in papers]}
    policy = (await current_policy(unit, binding.hospital_id)).policy
    is_working = await working_calendar(unit, binding.hospital_id, unit.today, unit.today + _LOOK_AHEAD)
    binding.answer_by = day_end(answer_day(unit.today, is_working, policy))
    await set_deadline(
        unit, ANSWER_DUE, binding.id, binding.answer_by,
        hospital_id=binding.hospital_id, account_id=binding.account_id,
    )  # fmt: skip
    unit.audit("family.submitted", binding, papers=len(papers))
    return binding


async def choose_counter(unit: Unit, actor: Actor, binding_id: UUID) -> Binding:
    """They will come to the desk; until the request lapses it can be found there by its number (GS14).

    Choosing it again changes nothing. Raises BindingNotFound, WayClosed.
    """
    binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
    await require_way(unit, binding, Way.COUNTER)
    if binding.way is Way.COUNTER:
        return binding
    if binding.state is not BindingState.PROVING:
        raise WayClosed(ways=[])
    binding.apply(BindingEvent.SUBMIT)
    binding.way, binding.submitted_at = Way.COUNTER, unit.now
    unit.audit("family.counter_chosen", binding)
    return binding


async def _prove(units: Units, actor: Actor, binding_id: UUID, way: Way) -> Binding:
    async with units.system(REASON, actor) as unit:
        binding = await queries.own_binding(unit, actor.account, binding_id, lock=True)
        if binding.state is BindingState.BOUND:
            return binding
        await require_way(unit, binding, way)
        await bind(unit, binding, BindingEvent.PROVE, way=way)
        return binding
