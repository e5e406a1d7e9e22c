"""The end of a binding, by either side alone (GS08), and of a request that comes to nothing."""

from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.deadlines import clear_deadline
from telehealth.core.unit import Unit, Units
from telehealth.family import queries
from telehealth.family.deleting import delete_now
from telehealth.family.errors import AlreadyDecided, BindingNotFound
from telehealth.family.events import Unbound
from telehealth.family.models import Binding
from telehealth.family.placing import free_places
from telehealth.family.states import PENDING, BindingEvent, BindingState
from telehealth.notifications import Notice, notify
from telehealth.patients import ConsentWithdrawn, LinkEnded, own_account_of, own_person
from telehealth.patients.linking_family import withdraw_purpose
from telehealth.patients.masking import mask_name
from telehealth.patients.states import Purpose

REASON = "family account"

#: Consents without which nobody pays for anybody.
CARRYING = (Purpose.FAMILY_PAYING, Purpose.FAMILY_CHILD)


async def unbind(units: Units, actor: Actor, binding_id: UUID) -> Binding:
    """The user or the member ends it, at once (GS08). Raises BindingNotFound, AlreadyDecided."""
    async with units.system(REASON, actor) as unit:
        binding = await queries.any_binding(unit, binding_id, lock=True)
        side = await _side_of(unit, actor, binding)
        if binding.state in PENDING and side == "member":
            await give_up(unit, binding, BindingEvent.WITHDRAW, told=True)
            return binding
        if binding.state is not BindingState.BOUND:
            raise AlreadyDecided()
        await end(unit, binding, by=side)
        return binding


async def unbind_at_desk(units: Units, actor: Actor, binding_id: UUID) -> Binding:
    """A member without an account came to the desk (GS14). Raises BindingNotFound, AlreadyDecided."""
    async with units.system(REASON, actor) as unit:
        binding = await queries.binding_at(unit, actor.hospital, binding_id, lock=True)
        if binding.state is not BindingState.BOUND:
            raise AlreadyDecided()
        await end(unit, binding, by="desk")
        return binding


async def end(unit: Unit, binding: Binding, *, by: str) -> None:
    """What is authorised and not paid is revoked by whoever hears `Unbound`; what is paid stands.

    The places of the month are not given back (GS06).
    """
    binding.apply(BindingEvent.UNBIND)
    binding.ended_at, binding.ended_by, binding.consent_phone = unit.now, by, None
    await _take_back(unit, binding, by="person" if by in ("member", "desk") else "holder")
    unit.audit("family.unbound", binding, by=by)
    await unit.session.flush()
    await unit.publish(Unbound(binding.account_id, binding.person_id))
    await _tell_the_other(unit, binding, by=by)


async def give_up(unit: Unit, binding: Binding, event: BindingEvent, *, told: bool = False) -> None:
    """A request that is withdrawn or lapses: its places are free, its papers go at once."""
    binding.apply(event)
    binding.ended_at, binding.consent_phone = unit.now, None
    await free_places(unit, binding)
    await clear_deadlines(unit, binding)
    await _take_back(unit, binding, by="holder")
    await delete_now(unit, binding)
    unit.audit(f"family.{binding.state}", binding)
    if event is BindingEvent.LAPSE or told:
        notice = Notice.FAMILY_LAPSED if event is BindingEvent.LAPSE else Notice.FAMILY_ENDED
        await notify(
            unit, notice, binding.account_id, hospital_id=binding.hospital_id,
            href="/family", person=mask_name(binding.member_name),
        )  # fmt: skip


async def clear_deadlines(unit: Unit, binding: Binding) -> None:
    for kind in ("family.lapse", "family.answer_due"):
        await clear_deadline(unit, kind, binding.id)


async def link_ended(unit: Unit, event: LinkEnded) -> None:
    """Who may no longer act for somebody cannot pay for them either."""
    for binding in await queries.live_of_pair(unit, event.account_id, event.person_id):
        await _stop(unit, binding, by="member" if event.by == "person" else "link")


async def consent_withdrawn(unit: Unit, event: ConsentWithdrawn) -> None:
    """Taken back in mid-flow or later: what stood on it falls with it."""
    if event.purpose in CARRYING:
        for binding in await queries.live_of_link(unit, event.link_id):
            await _stop(unit, binding, by="link")


async def _stop(unit: Unit, binding: Binding, *, by: str) -> None:
    if binding.state is BindingState.BOUND:
        await end(unit, binding, by=by)
    else:
        await give_up(unit, binding, BindingEvent.WITHDRAW)


async def _side_of(unit: Unit, actor: Actor, binding: Binding) -> str:
    if binding.account_id == actor.account:
        return "payer"
    own = await own_person(unit, actor.account)
    if own is not None and own.id == binding.person_id:
        return "member"
    raise BindingNotFound()


async def _take_back(unit: Unit, binding: Binding, *, by: str) -> None:
    for purpose in (*CARRYING, Purpose.BILL_DETAILS):
        await withdraw_purpose(unit, binding.link_id, purpose, by=by)


async def _tell_the_other(unit: Unit, binding: Binding, *, by: str) -> None:
    """Whoever did not do it; both, when the desk did."""
    if by in ("member", "desk"):
        await notify(
            unit, Notice.FAMILY_ENDED, binding.account_id, hospital_id=binding.hospital_id,
            href="/family", person=mask_name(binding.member_name),
        )  # fmt: skip
    member = await own_account_of(unit, binding.person_id)
    if by != "member" and member is not None and member != binding.account_id:
        await notify(
            unit, Notice.FAMILY_PAYER_ENDED, member, hospital_id=binding.hospital_id,
            href="/family", person=mask_name(binding.payer_name),
        )  # fmt: skip
