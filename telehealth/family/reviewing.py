"""What a hospital's staff decide: papers of a child, or a person at the desk (GS03, GS05, GS14)."""

from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.deadlines import set_deadline
from telehealth.core.unit import Unit, Units
from telehealth.family import queries
from telehealth.family.binding import bind, keep_papers_for_now
from telehealth.family.ending import clear_deadlines
from telehealth.family.errors import AlreadyDecided
from telehealth.family.models import Binding
from telehealth.family.placing import free_places
from telehealth.family.proving import ANSWER_DUE
from telehealth.family.states import BindingEvent, BindingState, Way
from telehealth.notifications import Notice, notify
from telehealth.patients.linking_family import withdraw_purpose
from telehealth.patients.masking import mask_name
from telehealth.patients.states import Purpose

REASON = "family account"


async def approve(units: Units, actor: Actor, binding_id: UUID) -> Binding:
    """Papers or person were seen and fit. Raises BindingNotFound, AlreadyDecided."""
    async with units.system(REASON, actor) as unit:
        binding = await _waiting(unit, actor, binding_id)
        _decide(unit, actor, binding)
        await bind(unit, binding, BindingEvent.APPROVE, way=binding.way or Way.COUNTER)
        await keep_papers_for_now(unit, binding)
        return binding


async def refuse(units: Units, actor: Actor, binding_id: UUID, reason: str) -> Binding:
    """The user reads why and may ask again; the place of the month is free. Raises as `approve`."""
    async with units.system(REASON, actor) as unit:
        binding = await _waiting(unit, actor, binding_id)
        _decide(unit, actor, binding)
        binding.apply(BindingEvent.REFUSE)
        binding.reason, binding.ended_at = reason, unit.now
        await free_places(unit, binding)
        await clear_deadlines(unit, binding)
        for purpose in (Purpose.FAMILY_PAYING, Purpose.FAMILY_CHILD):
            await withdraw_purpose(unit, binding.link_id, purpose, by="review")
        await keep_papers_for_now(unit, binding)
        unit.audit("family.refused", binding)
        await notify(
            unit, Notice.FAMILY_REFUSED, binding.account_id, hospital_id=binding.hospital_id,
            href=f"/family/{binding.id}", person=mask_name(binding.member_name),
        )  # fmt: skip
        return binding


async def answer_due(unit: Unit, binding_id: UUID) -> None:
    """The deadline `family.answer_due`: the promise is broken, the user is told, the request stays first."""
    binding = await queries.any_binding(unit, binding_id, lock=True)
    if binding.state is not BindingState.REVIEWING or binding.answer_by is None:
        return
    if unit.now < binding.answer_by:
        await set_deadline(unit, ANSWER_DUE, binding.id, binding.answer_by)
        return
    unit.audit("family.answer_late", binding, promised=binding.answer_by)
    await notify(
        unit, Notice.FAMILY_LATE, binding.account_id, hospital_id=binding.hospital_id,
        href=f"/family/{binding.id}", person=mask_name(binding.member_name),
    )  # fmt: skip


async def _waiting(unit: Unit, actor: Actor, binding_id: UUID) -> Binding:
    binding = await queries.binding_at(unit, actor.hospital, binding_id, lock=True)
    if binding.state is not BindingState.REVIEWING:
        raise AlreadyDecided()
    return binding


def _decide(unit: Unit, actor: Actor, binding: Binding) -> None:
    binding.decided_at, binding.decided_by = unit.now, actor.account
