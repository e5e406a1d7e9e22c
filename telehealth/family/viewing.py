"""What a payer may read of a relative's bills (GS01), and the member's say in it."""

from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.unit import Unit, Units
from telehealth.family import queries
from telehealth.family.errors import AlreadyDecided, BindingNotFound
from telehealth.family.models import Binding
from telehealth.family.rules import age_on, speaks_for_itself
from telehealth.family.states import BindingState
from telehealth.patients import LinkState, consents_of, link_for, links_of, own_person
from telehealth.patients.linking_family import record_consent, withdraw_purpose
from telehealth.patients.states import Purpose
from telehealth.rulebook import current_policy

REASON = "family account"


async def sees_details(unit: Unit, account_id: UUID, person_id: UUID) -> bool:
    """Whether this account's bills for the person may name what was dispensed or examined.

    One's own always; a relative's while one acts for them. Once one's insured account is bound to pay for
    them, only with their word, and never after both came to an end.
    """
    own = await own_person(unit, account_id)
    if own is not None and own.id == person_id:
        return True
    link = next((row for row in await links_of(unit, account_id) if row.person_id == person_id), None)
    if link is None or link.state is not LinkState.ACTIVE:
        return False
    if not await queries.has_ever_been_bound(unit, account_id, person_id):
        return True
    return await details_agreed(unit, link.id)


async def details_agreed(unit: Unit, link_id: UUID) -> bool:
    return any(
        row.purpose is Purpose.BILL_DETAILS and row.withdrawn_at is None
        for row in await consents_of(unit, link_id)
    )


async def agree_details(units: Units, actor: Actor, binding_id: UUID, *, agreed: bool) -> Binding:
    """The member lets the payer read the names on the bills, or no longer; below 16 the guardian does.

    Raises BindingNotFound, AlreadyDecided when it is not bound any more.
    """
    async with units.system(REASON, actor) as unit:
        binding = await queries.any_binding(unit, binding_id, lock=True)
        given_by = await _speaker(unit, actor, binding, agreed=agreed)
        if binding.state is not BindingState.BOUND:
            raise AlreadyDecided()
        if not agreed:
            await withdraw_purpose(unit, binding.link_id, Purpose.BILL_DETAILS, by=given_by)
        elif not await details_agreed(unit, binding.link_id):
            link = await link_for(unit, binding.account_id, binding.person_id)
            record_consent(unit, link, Purpose.BILL_DETAILS, given_by=given_by)
        return binding


async def may_agree_details(unit: Unit, binding: Binding) -> bool:
    """Whether the payer speaks for the member: a child below the age of its own word, as old as it is today.

    `binding.age` would say it for ever of a child that was bound at fifteen.
    """
    policy = (await current_policy(unit, binding.hospital_id)).policy
    return not speaks_for_itself(age_on(binding.birth_date, unit.today, policy), policy)


async def _speaker(unit: Unit, actor: Actor, binding: Binding, *, agreed: bool) -> str:
    own = await own_person(unit, actor.account)
    if own is not None and own.id == binding.person_id:
        return "person"
    if binding.account_id != actor.account:
        raise BindingNotFound()
    # A payer may always see less; more only a guardian decides.
    if agreed and not await may_agree_details(unit, binding):
        raise BindingNotFound()
    return "guardian" if agreed else "holder"
