"""What the family account looks like to the one who asks: members, requests, payers, places left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from telehealth.core.access import Actor
from telehealth.core.unit import Unit
from telehealth.directory import Hospital, hospitals
from telehealth.family import queries
from telehealth.family.models import Binding, Paper
from telehealth.family.placing import left_this_month
from telehealth.family.proving import ways_of
from telehealth.family.rules import age_on, is_offered, needs_guardian, resets_on, speaks_for_itself
from telehealth.family.states import LIVE, PENDING, BindingState, Way
from telehealth.family.viewing import details_agreed, may_agree_details
from telehealth.patients import LinkState, PatientLink, Person, own_person, people_of
from telehealth.patients.rules import Relation
from telehealth.rulebook import PolicyMissing, current_policy
from telehealth.rulebook.rules import PolicySet

#: Ended ones that are still listed.
_OLD = 5


@dataclass(frozen=True, slots=True)
class Offer:
    hospital: Hospital
    policy: PolicySet


@dataclass(frozen=True, slots=True)
class Family:
    """`offers`: hospitals where one may ask; `opens_on`: the first day, where none does yet."""

    offers: tuple[Offer, ...]
    opens_on: date | None
    limit: int
    left: int
    resets_on: date
    #: Payer or not: whoever has not shown who they are cannot pay for others.
    is_payer_known: bool
    bindings: tuple[Binding, ...]
    payers: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody one acts for and may ask to bind, and what that takes."""

    link: PatientLink
    person: Person
    age: int
    speaks_for_itself: bool
    needs_guardian: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One binding with what may be done about it."""

    binding: Binding
    papers: tuple[Paper, ...]
    ways: tuple[Way, ...]
    is_details_agreed: bool
    may_agree_details: bool


async def family_of(unit: Unit, actor: Actor) -> Family:
    found, opens_on = await _offers(unit)
    own = await own_person(unit, actor.account)
    numbers = found[0].policy if found else None
    rows = await queries.bindings_of(unit, actor.account)
    live = [row for row in rows if row.state in LIVE]
    ended = [row for row in rows if row.state not in LIVE][:_OLD]
    payers = [] if own is None else await queries.payers_of(unit, own.id)
    return Family(
        offers=tuple(found),
        opens_on=opens_on,
        limit=numbers.family.max_bindings_per_user_per_month if numbers else 0,
        left=await left_this_month(unit, actor.account, numbers) if numbers else 0,
        resets_on=resets_on(unit.today),
        is_payer_known=own is not None and own.is_verified,
        bindings=(*live, *ended),
        payers=tuple(row for row in payers if row.account_id != actor.account),
    )


async def candidates(unit: Unit, actor: Actor, policy: PolicySet) -> Sequence[Candidate]:
    """Relatives that are neither bound nor asked for; those whose papers nobody vouched for are left out."""
    rows = await queries.bindings_of(unit, actor.account)
    taken = {row.person_id for row in rows if row.state in LIVE}
    found = []
    for link, person in await people_of(unit, actor.account):
        if link.relation is Relation.SELF or link.state is not LinkState.ACTIVE:
            continue
        if person.id in taken or not person.is_verified:
            continue
        age = age_on(person.birth_date, unit.today, policy)
        found.append(
            Candidate(link, person, age, speaks_for_itself(age, policy), needs_guardian(age, policy))
        )
    return found


async def look(unit: Unit, binding: Binding) -> Seen:
    is_bound = binding.state is BindingState.BOUND
    return Seen(
        binding,
        tuple(await queries.papers_of(unit, binding.id)),
        await ways_of(unit, binding) if binding.state in PENDING else (),
        is_bound and await details_agreed(unit, binding.link_id),
        is_bound and await may_agree_details(unit, binding),
    )


async def _offers(unit: Unit) -> tuple[list[Offer], date | None]:
    found, coming = list[Offer](), list[date]()
    for place in await hospitals(unit):
        try:
            policy = (await current_policy(unit, place.id)).policy
        except PolicyMissing:
            continue
        if is_offered(policy, unit.today):
            found.append(Offer(place, policy))
        elif policy.family.enabled:
            coming.append(policy.family.opens_on)
    return found, min(coming, default=None) if not found else None
