"""Upload the fees of an authorised cover and have the insurer divide them (6201, 6202).

Each call lies between two short units: what is about to be asked, and what was answered. Whoever dies
in between leaves a cover that is authorised; pricing it again repeats the same serial number.
"""

import contextlib
from collections.abc import Callable
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.i18n import N_
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.insurance import queries
from telehealth.insurance.declaring import is_verified, verify
from telehealth.insurance.errors import (
    AuthorisationLost,
    CoverNotOffered,
    InsurerDown,
    InsurerRefused,
    SplitUnsound,
)
from telehealth.insurance.models import Cover
from telehealth.insurance.ports import Insurer, Split, Upload
from telehealth.insurance.revoking import give_up, reverse
from telehealth.insurance.rules import GIVEN_UP_FOR, CoverRuling, place_ruling
from telehealth.insurance.states import Category, CoverEvent, CoverState, Giveup
from telehealth.insurance.uploading import Errand, errand_of, keep_messages, messages_of
from telehealth.patients.disclosing import Recipient, disclose
from telehealth.rulebook import current_policy


async def price(units: Units, actor: Actor, cover_id: UUID) -> Cover:
    """The cover with its four parts, which sum to the whole. Pricing it again asks nobody.

    Whatever is refused ends the cover, with its reason; the seat stays and oneself may pay (BJ06).

    Raises:
        CoverNotFound: not this account's.
        AuthorisationLost: it is given up, used, or too old.
        CoverNotOffered: it turned out that this person is not settled online (XY10, GS10).
        InsurerRefused, SplitUnsound: the insurer said no, or its parts do not sum to the whole.
        InsurerDown: nothing is known; the same cover may be priced again.
    """
    errand = await _open(units, actor, cover_id)
    if errand.cover.state is CoverState.PRICED:
        return errand.cover
    errand = await _permitted(units, actor, errand)
    insurer = units.port(Insurer)  # type: ignore[type-abstract]
    if errand.cover.pay_order_id is None:
        errand = await _upload(units, actor, errand, insurer)
    return await _divide(units, actor, errand, insurer)


async def _open(units: Units, actor: Actor, cover_id: UUID) -> Errand:
    async with units.account(actor.account, actor) as unit:
        cover = await queries.cover_of(unit, cover_id, lock=True)
        if cover.state not in (CoverState.AUTHORISED, CoverState.PRICED) or cover.reason is not None:
            raise AuthorisationLost(reason=cover.reason or Giveup.EXPIRED)
        is_late = cover.state is CoverState.AUTHORISED and unit.now >= cover.usable_until
        if is_late:
            await give_up(unit, cover, Giveup.EXPIRED)
        errand = await errand_of(unit, cover)
    if is_late:
        raise AuthorisationLost(reason=Giveup.EXPIRED)
    return errand


async def _permitted(units: Units, actor: Actor, errand: Errand) -> Errand:
    """Insured here, ordinarily, by the insurer's own word; elsewhere it is not even asked (XY10)."""
    ruling, verified = await _rule(units, actor, errand)
    if ruling.offered and not verified and errand.record is not None:
        await verify(
            units, actor, errand.record,
            hospital=errand.hospital,
            document_number=errand.person.document_number,
            name=errand.person.name,
        )  # fmt: skip
        errand = await _open(units, actor, errand.cover.id)
        ruling, _ = await _rule(units, actor, errand)
    if ruling.reason is not None:
        await _end(units, actor, errand.cover.id, GIVEN_UP_FOR.get(ruling.reason, Giveup.INSURER))
        raise CoverNotOffered(reason=ruling.reason, sentence=ruling.sentence)
    return errand


async def _rule(units: Units, actor: Actor, errand: Errand) -> tuple[CoverRuling, bool]:
    record = errand.record
    async with units.account(actor.account, actor) as unit:
        policy = (await current_policy(unit, errand.cover.hospital_id)).policy
        verified = record is not None and is_verified(unit, record)
    region, category = (record.region, record.category) if record else (None, None)
    return place_ruling(region, category, policy), verified


async def _upload(units: Units, actor: Actor, errand: Errand, insurer: Insurer) -> Errand:
    message = insurer.message_number(errand.hospital)
    upload = await _intend(units, actor, errand, message)
    point("insure.upload.before_call")
    try:
        pay_order_id, pay_token = await insurer.upload(upload)
    except InsurerRefused as error:
        await _end(units, actor, errand.cover.id, Giveup(error.facts["reason"]), did_nothing=message)
        raise
    point("insure.upload.after_call")

    def note(unit: Unit, cover: Cover) -> None:
        cover.pay_order_id, cover.pay_token = pay_order_id, pay_token
        unit.audit("cover.uploaded", cover, number=cover.serial_no)

    try:
        errand = await _write(units, actor, errand.cover.id, note)
    except AuthorisationLost:
        # Given up while it was on its way: nobody else knows the number it got.
        with contextlib.suppress(InsurerDown, InsurerRefused):
            await insurer.revoke(errand.hospital, pay_order_id, pay_token)
        raise
    point("insure.upload.after_commit")
    return errand


async def _intend(units: Units, actor: Actor, errand: Errand, message: str) -> Upload:
    """The message's number is kept before it is sent, so that a lost one can be taken back."""
    record = errand.record

    def note(_unit: Unit, cover: Cover) -> None:
        keep_messages(cover, [*messages_of(cover), message])
        if record is not None:
            cover.region, cover.division = record.region, record.division
            cover.category = record.category or Category.ORDINARY

    kept = await _write(units, actor, errand.cover.id, note, tells=True)
    point("insure.intent.after_commit")
    return kept.upload(message)


async def _divide(units: Units, actor: Actor, errand: Errand, insurer: Insurer) -> Cover:
    cover = errand.cover
    point("insure.price.before_call")
    try:
        split = await insurer.price(
            errand.hospital, errand.upload(), cover.pay_order_id or "", cover.pay_token or ""
        )
        if split.total != cover.total:
            raise SplitUnsound(total=cover.total, parts=split.total)
    except SplitUnsound:
        await _end(units, actor, cover.id, Giveup.IDENTITY)
        raise
    except InsurerRefused as error:
        await _end(units, actor, cover.id, Giveup(error.facts["reason"]))
        raise
    point("insure.price.after_call")

    def note(unit: Unit, cover: Cover) -> None:
        if cover.state is not CoverState.PRICED:
            cover.apply(CoverEvent.PRICE)
            _keep(unit, cover, split)

    priced = await _write(units, actor, cover.id, note)
    point("insure.price.after_commit")
    return priced.cover


def _keep(unit: Unit, cover: Cover, split: Split) -> None:
    cover.fund, cover.personal = split.fund, split.personal
    cover.other, cover.cash = split.other, split.cash
    cover.raw = {**cover.raw, "answer": dict(split.raw)}
    unit.audit(
        "cover.priced", cover,
        fund=cover.fund, personal=cover.personal, other=cover.other, cash=cover.cash,
    )  # fmt: skip


async def _write(
    units: Units, actor: Actor, cover_id: UUID, note: Callable[[Unit, Cover], None], *, tells: bool = False
) -> Errand:
    """Change the locked cover, unless it was given up while the insurer was asked."""
    async with units.account(actor.account, actor) as unit:
        cover = await queries.cover_of(unit, cover_id, lock=True)
        if cover.state not in (CoverState.AUTHORISED, CoverState.PRICED) or cover.reason is not None:
            raise AuthorisationLost(reason=cover.reason or Giveup.EXPIRED)
        note(unit, cover)
        if tells:
            # The patient can read that the insurer was told, and of what (REG57).
            await disclose(
                unit, Recipient.INSURER, hospital_id=cover.hospital_id, person_id=cover.person_id,
                name=N_("医保经办机构"), subject=f"covers:{cover.id}",
            )  # fmt: skip
        return await errand_of(unit, cover)


async def _end(units: Units, actor: Actor, cover_id: UUID, reason: Giveup, *, did_nothing: str = "") -> None:
    """Give it up, and tell the insurer at once if it answers; else the job of the unit will."""
    async with units.account(actor.account, actor) as unit:
        cover = await queries.cover_of(unit, cover_id, lock=True)
        if did_nothing:
            keep_messages(cover, [number for number in messages_of(cover) if number != did_nothing])
        await give_up(unit, cover, reason)
    with contextlib.suppress(InsurerDown, InsurerRefused):
        await reverse(units, cover_id)
