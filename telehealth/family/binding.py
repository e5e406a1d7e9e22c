"""A request is proved: from now on the user's insured account may pay for the member."""

from typing import Any
from uuid import UUID

from telehealth.core.clock import day_end
from telehealth.core.deadlines import set_deadline
from telehealth.core.unit import Unit
from telehealth.family.deleting import DELETE
from telehealth.family.ending import clear_deadlines
from telehealth.family.models import Binding
from telehealth.family.placing import keep_places
from telehealth.family.rules import papers_gone_day, speaks_for_itself
from telehealth.family.states import BindingEvent, Way
from telehealth.notifications import Notice, notify
from telehealth.patients import link_for, own_account_of
from telehealth.patients.linking_family import record_consent
from telehealth.patients.masking import mask_name
from telehealth.patients.rules import ConsentWay
from telehealth.patients.states import Purpose
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import PolicySet

_CONSENT_WAYS = {
    Way.FACE: ConsentWay.FACE,
    Way.BANK_CARD: ConsentWay.BANK_CARD,
    Way.COUNTER: ConsentWay.COUNTER,
}


async def bind(unit: Unit, binding: Binding, event: BindingEvent, *, way: Way, **evidence: Any) -> None:
    """The binding event, which counts in today's month (GS06). `binding` is locked, in a system unit.

    An adult's own word is written down here: it came with the proof.
    """
    await keep_places(unit, binding)
    binding.apply(event)
    binding.way, binding.bound_at, binding.consent_phone = way, unit.now, None
    binding.evidence = {**binding.evidence, **evidence}
    policy = (await current_policy(unit, binding.hospital_id)).policy
    if speaks_for_itself(binding.age, policy):
        link = await link_for(unit, binding.account_id, binding.person_id)
        record_consent(
            unit, link, Purpose.FAMILY_PAYING, given_by="counter" if way is Way.COUNTER else "person",
            way=_CONSENT_WAYS[way], evidence={"binding": str(binding.id)},
        )  # fmt: skip
    await clear_deadlines(unit, binding)
    unit.audit("family.bound", binding, way=way, number=binding.number, policy=binding.policy_number)
    await _tell(unit, binding)


async def keep_papers_for_now(unit: Unit, binding: Binding) -> None:
    """Decided: the papers stay for whoever objects, then they are deleted (GS03)."""
    policy: PolicySet = (await current_policy(unit, binding.hospital_id)).policy
    due = day_end(papers_gone_day(unit.today, policy))
    await set_deadline(
        unit, DELETE, binding.id, due, hospital_id=binding.hospital_id, account_id=binding.account_id
    )


async def _tell(unit: Unit, binding: Binding) -> None:
    await notify(
        unit, Notice.FAMILY_BOUND, binding.account_id, hospital_id=binding.hospital_id,
        href=f"/family/{binding.id}", person=mask_name(binding.member_name),
    )  # fmt: skip
    member: UUID | None = await own_account_of(unit, binding.person_id)
    if member is not None and member != binding.account_id:
        await notify(
            unit, Notice.FAMILY_PAYER_BOUND, member, hospital_id=binding.hospital_id,
            href="/family", person=mask_name(binding.payer_name),
        )  # fmt: skip
