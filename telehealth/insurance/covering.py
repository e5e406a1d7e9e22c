"""From "may the insurer pay a part" to the authorised code, and to what became of it.

Nothing here touches a booking: whatever is refused, the seat stays held and oneself may pay (BJ06).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.clock import hospital_day
from telehealth.core.ids import new_id, share_token
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.family import MayPay, PaymentCheckNeeded
from telehealth.family.paying import hold_binding, is_checked, may_pay, spend_check
from telehealth.insurance import queries
from telehealth.insurance.declaring import is_verified, verify
from telehealth.insurance.errors import AuthorisationLost, CoverNotOffered, CoverTaken
from telehealth.insurance.models import Cover, InsuranceRecord
from telehealth.insurance.ports import Fee, Insurer
from telehealth.insurance.revoking import give_up
from telehealth.insurance.rules import REASONS, CoverRuling, NotOffered, Standing, rule
from telehealth.insurance.states import Category, CoverEvent, CoverState, Giveup
from telehealth.patients import Person, own_person, person, person_for
from telehealth.patients.rules import DocumentKind
from telehealth.rulebook import current_policy
from telehealth.rulebook.rules import PolicySet

#: No letter that is read as a digit.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class CoverWish:
    """The charge a split is wanted for; all its lines, as they will be uploaded."""

    charge_id: UUID
    hospital_id: UUID
    person_id: UUID
    lines: Sequence[Fee]
    in_wechat: bool

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class Asked:
    """`url` is the insurer's page, where a browser goes next."""

    cover_id: UUID
    url: str


@dataclass(frozen=True, slots=True)
class _Known:
    ruling: CoverRuling
    hospital: str
    person: Person
    record: InsuranceRecord | None
    is_verified: bool
    payer: Person | None

    @property
    def is_relative(self) -> bool:
        return self.payer is not None and self.payer.id != self.person.id


async def ruling(
    unit: Unit, *, hospital_id: UUID, person_id: UUID, line_kinds: Sequence[str], in_wechat: bool
) -> CoverRuling:
    """Whether a split is offered, and if not, why; asks nobody outside (XY07, XY08, XY10, GS10)."""
    return (await _look(unit, hospital_id, person_id, line_kinds, in_wechat=in_wechat)).ruling


async def ask(units: Units, actor: Actor, wish: CoverWish, *, return_url: str) -> Asked:
    """Begin one authorisation (BJ06). The insurer is asked about the person first, if nobody did lately.

    `return_url` takes `state` and `payAuthNo`, or `error`, as parameters.

    Raises:
        CoverNotOffered: `reason` and `sentence` say why; nothing was begun.
        PaymentCheckNeeded: a relative pays, and was not asked for this payment yet (GS02).
        CoverTaken: the charge's split is there already.
        PersonNotFound, LinkPending, InsurerDown, InsurerRefused.
    """
    known = await _offered(units, actor, wish)
    if known.is_relative:
        async with units.account(actor.account, actor) as unit:
            if not await is_checked(unit, wish.charge_id):
                raise PaymentCheckNeeded(charge_id=str(wish.charge_id))
    if known.record is None or not known.is_verified:
        record = known.record
        if record is None:
            raise CoverNotOffered(reason="undeclared", sentence=known.ruling.sentence)
        await verify(
            units, actor, record,
            hospital=known.hospital, document_number=known.person.document_number, name=known.person.name,
        )  # fmt: skip
        known = await _offered(units, actor, wish)
    async with units.account(actor.account, actor) as unit:
        cover = await _begin(unit, wish, known)
    point("insure.ask.after_commit")
    url = units.port(Insurer).authorise_url(  # type: ignore[type-abstract]
        known.hospital, token=cover.token, return_url=return_url, number=known.person.document_number
    )
    return Asked(cover.id, url)


async def authorised(units: Units, actor: Actor, token: str, auth_number: str) -> Cover:
    """The patient came back with the insurer's single-use number. Coming back twice changes nothing.

    Raises:
        CoverNotFound: no cover of this account.
        AuthorisationLost: it was refused or given up meanwhile, took too long, or carries no number.
        CoverTaken: it was authorised with another number before.
    """
    point("insure.authorise.before_commit")
    async with units.account(actor.account, actor) as unit:
        cover = await queries.cover_by_token(unit, token, actor.account)
        if cover.state is CoverState.ASKED:
            await _take_number(unit, cover, auth_number)
    point("insure.authorise.after_commit")
    if cover.reason is not None or cover.state not in queries.OPEN:
        raise AuthorisationLost(reason=cover.reason or Giveup.EXPIRED)
    if cover.auth_number != auth_number:
        raise CoverTaken()
    return cover


async def refused(unit: Unit, token: str, reason: Giveup = Giveup.PATIENT) -> Cover:
    """The patient said no at the insurer's page. Raises CoverNotFound."""
    cover = await queries.cover_by_token(unit, token, unit.actor.account)
    if cover.state is CoverState.ASKED:
        await give_up(unit, cover, reason)
    return cover


async def settled(unit: Unit, cover_id: UUID) -> Cover:
    """The insurer deducted its part: payments learned it from the channel. Once more changes nothing.

    Raises CoverNotFound; TransitionRefused for a cover that was never split, or was taken back.
    """
    cover = await queries.cover_of(unit, cover_id, lock=True)
    if cover.state is not CoverState.SETTLED:
        cover.apply(CoverEvent.SETTLE)
        cover.settled_at, cover.auth_number, cover.reason = unit.now, None, None
        unit.audit(
            "cover.settled", cover,
            fund=cover.fund, personal=cover.personal, other=cover.other, cash=cover.cash,
        )  # fmt: skip
    return cover


async def given_back(unit: Unit, cover_id: UUID) -> Cover:
    """The insurer's whole part was refunded (6203). Once more changes nothing. Raises CoverNotFound."""
    cover = await queries.cover_of(unit, cover_id, lock=True)
    if cover.state is not CoverState.REVERSED:
        cover.apply(CoverEvent.REVERSE)
        cover.reversed_at, cover.auth_number, cover.pay_token = unit.now, None, None
        unit.audit("cover.reversed", cover, insured=cover.total - cover.cash)
    return cover


async def _offered(units: Units, actor: Actor, wish: CoverWish) -> _Known:
    kinds = [line.kind for line in wish.lines]
    async with units.account(actor.account, actor) as unit:
        await person_for(unit, actor.account, wish.person_id)
        known = await _look(unit, wish.hospital_id, wish.person_id, kinds, in_wechat=wish.in_wechat)
    if not known.ruling.offered:
        raise CoverNotOffered(reason=known.ruling.reason, sentence=known.ruling.sentence)
    return known


async def _look(
    unit: Unit, hospital_id: UUID, person_id: UUID, line_kinds: Sequence[str], *, in_wechat: bool
) -> _Known:
    place = await hospital(unit, hospital_id)
    policy = (await current_policy(unit, hospital_id)).policy
    patient = await person(unit, person_id)
    record = await queries.record_of(unit, hospital_id, person_id)
    payer = await own_person(unit, unit.owner) if unit.owner else None
    standing = Standing(
        is_served=unit.port(Insurer).serves(place.code),  # type: ignore[type-abstract]
        line_kinds=line_kinds,
        region=record.region if record else None,
        category=record.category if record else None,
        has_resident_id=patient.document_kind is DocumentKind.RESIDENT_ID,
        is_payer_known=payer is not None,
        in_wechat=in_wechat,
        may_pay=await _may_pay(unit, payer, patient, policy),
    )
    verified = record is not None and is_verified(unit, record)
    return _Known(rule(standing, policy), place.code, patient, record, verified, payer)


async def _may_pay(unit: Unit, payer: Person | None, patient: Person, policy: PolicySet) -> MayPay:
    if payer is None or unit.owner is None:
        return MayPay.OWN
    return await may_pay(unit, account_id=unit.owner, payer_id=payer.id, person_id=patient.id, policy=policy)


async def _begin(unit: Unit, wish: CoverWish, known: _Known) -> Cover:
    """A cover of its own for each attempt; earlier ones of the charge are given up.

    Whoever unbinds meanwhile waits for this unit and then gives the cover up, or was first.
    """
    record, binding = known.record, None
    if known.is_relative:
        binding = await hold_binding(unit, unit.actor.account, wish.person_id)
        if binding is None:
            raise CoverNotOffered(reason=NotOffered.NOT_BOUND, sentence=REASONS[NotOffered.NOT_BOUND])
        await spend_check(unit, wish.charge_id)
    for older in await queries.open_covers(unit, wish.charge_id):
        if older.state is CoverState.PRICED and older.reason is None and unit.now < older.fresh_until:
            raise CoverTaken(cover_id=str(older.id))
        await give_up(unit, older, Giveup.ABANDONED)
    cover = Cover(
        id=new_id(),
        hospital_id=wish.hospital_id,
        account_id=unit.actor.account,
        person_id=wish.person_id,
        payer_id=known.payer.id if known.payer else None,
        binding_id=binding.id if binding else None,
        charge_id=wish.charge_id,
        state=CoverState.ASKED,
        region=record.region if record else "",
        division=record.division if record else "",
        category=(record.category if record else None) or Category.ORDINARY,
        token=share_token(),
        serial_no=_serial_no(unit),
        total=wish.total,
        raw={"fees": [[line.kind, line.description, line.amount] for line in wish.lines]},
        created_at=unit.now,
    )
    unit.session.add(cover)
    unit.audit("cover.asked", cover, charge=cover.charge_id, total=cover.total)
    await unit.session.flush()
    return cover


async def _take_number(unit: Unit, cover: Cover, auth_number: str) -> None:
    if unit.now >= cover.usable_until or not _is_number(auth_number):
        await give_up(unit, cover, Giveup.EXPIRED)
        return
    cover.apply(CoverEvent.AUTHORISE)
    cover.auth_number, cover.authorised_at = auth_number, unit.now
    # The consent: who, when, for which payment, once.
    unit.audit("cover.authorised", cover, charge=cover.charge_id, person=cover.person_id, single_use=True)


def _serial_no(unit: Unit) -> str:
    """18 characters: the platform and the channel take 20."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    return f"CV{hospital_day(unit.now):%y%m%d}{letters}"


def _is_number(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NUMBER and text.isascii() and text.isprintable()
