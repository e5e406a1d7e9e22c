"""Bookings, receipts, refunds and the gate's decisions, as things to complain of."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from telehealth.bookings import place_of
from telehealth.bookings.errors import BookingNotFound
from telehealth.complaints.topics import Found, Topic
from telehealth.core.access import Actor
from telehealth.core.i18n import N_, format_day, translator
from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.eligibility import CheckNotFound, gate_decision
from telehealth.eligibility.asking import own_check
from telehealth.eligibility.explaining import explain_all
from telehealth.eligibility.facts import Decision
from telehealth.eligibility.presenting import again
from telehealth.payments import ChargeNotFound, receipt, refund_of
from telehealth.payments.errors import RefundNotFound

CHECK = "gate_check"


async def _booking(unit: Unit, actor: Actor, booking_id: UUID) -> Found | None:
    try:
        row = (await place_of(unit, booking_id)).booking
    except BookingNotFound:
        return None
    return Found(row.hospital_id, row.number)


async def _receipt(unit: Unit, actor: Actor, charge_id: UUID) -> Found | None:
    try:
        charge = (await receipt(unit, actor, charge_id)).charge
    except ChargeNotFound:
        return None
    return Found(charge.hospital_id, charge.number)


async def _refund(unit: Unit, actor: Actor, refund_id: UUID) -> Found | None:
    try:
        row = (await refund_of(unit, actor, refund_id)).refund
    except RefundNotFound:
        return None
    return Found(row.hospital_id, row.number)


async def _check(unit: Unit, actor: Actor, check_id: UUID) -> Found | None:
    """Only what spoke against somebody: there is nothing to review in a yes."""
    try:
        row = await own_check(unit, check_id)
    except CheckNotFound:
        return None
    if row.allowed or row.pending:
        return None
    return Found(row.hospital_id, f"{row.decided_at:%y%m%d}-{str(row.id)[-6:].upper()}")


async def _explain(unit: Unit, check_id: UUID, lang: str) -> Sequence[tuple[str, str]]:
    row, _ = await gate_decision(unit, check_id), translator(lang)
    found = explain_all(Decision.of_record(row.result))
    return [
        (
            each.title.said(_, partial(format_day, lang=lang)),
            each.seen.said(_, partial(format_day, lang=lang)),
        )
        for each in found
    ]


async def _again(unit: Unit, check_id: UUID) -> str:
    row = await gate_decision(unit, check_id)
    return again(row, await hospital(unit, row.hospital_id), [])


TOPICS = (
    Topic(
        "booking",
        N_("预约单"),
        _booking,
        lambda booking_id: f"/bookings/{booking_id}",
        lambda booking_id: f"/staff/bookings/{booking_id}",
    ),
    Topic("receipt", N_("收费单"), _receipt, lambda charge_id: f"/receipts/{charge_id}"),
    Topic("refund", N_("退款单"), _refund, lambda refund_id: f"/refunds/{refund_id}"),
    Topic(CHECK, N_("复诊资格判定"), _check, lambda _: "", explain=_explain, again=_again),
)
