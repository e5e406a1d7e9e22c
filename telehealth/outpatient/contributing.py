"""Bills on the pages below: home, the account's own page, finance's worklist."""

from datetime import timedelta
from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import LANGUAGES, N_, format_fen, translator
from telehealth.core.unit import Unit
from telehealth.outpatient import queries
from telehealth.outpatient.queries import BillPlace
from telehealth.outpatient.showing import campus_name
from telehealth.outpatient.states import BillState

#: Sooner the round itself is busy with it.
_SLOW = timedelta(minutes=10)
_CARDS = 3
#: Nobody waits longer for medicine at a window.
_COLLECTED = timedelta(hours=12)


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """What is owed while it can still be reimbursed, and medicine that waits."""
    if actor.is_staff or not actor.may(Permission.PAY):
        return []
    found = await queries.bills_of(unit, states=(BillState.DUE, BillState.PAID, BillState.CONFIRMED))
    pickups = [place for place in found if _waits_for_pickup(unit, place)]
    owed = [place for place in found if place.bill.state is BillState.DUE]
    due = [place for place in owed if place.bill.shown_until > unit.now]
    return [*[_pickup(place) for place in pickups[:_CARDS]], *[_due(place) for place in due[:_CARDS]]]


async def me_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.PAY):
        return []
    return [
        {
            "title": N_("门诊缴费"),
            "href": "/bills",
            "icon": "receipt",
            "text": N_("线下门诊的药费、检查费，按院区和单据支付"),
        }
    ]


async def worklist(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if not actor.is_staff or not actor.may(Permission.SEE_MONEY):
        return []
    slow = [
        place
        for place in await queries.unconfirmed(unit)
        if place.bill.paid_at is not None and unit.now - place.bill.paid_at >= _SLOW
    ]
    if not slow:
        return []
    return [
        {
            "title": N_("门诊缴费未得到医院系统确认"),
            "text": N_("患者已支付，医院系统没有应答；系统会一直重试，窗口请勿重复收费"),
            "href": "/staff/bills",
            "icon": "hourglass",
            "kind": "warn",
            "count": len(slow),
        }
    ]


def _waits_for_pickup(unit: Unit, place: BillPlace) -> bool:
    row = place.bill
    return bool(row.pickup_number) and row.paid_at is not None and unit.now - row.paid_at < _COLLECTED


def _pickup(place: BillPlace) -> dict[str, Any]:
    row = place.bill
    called = row.called_at is not None
    said = {lang: f"{translator(lang)(N_('取药号'))} {row.pickup_number}" for lang in LANGUAGES}
    return {
        "title": N_("请到窗口取药") if called else N_("已缴费，等待叫号取药"),
        "text": {lang: f"{said[lang]} · {row.window} · {campus_name(place, lang)}" for lang in LANGUAGES},
        "href": f"/bills/{row.id}",
        "icon": "package-check" if called else "package",
        "kind": "warn" if called else "info",
    }


def _due(place: BillPlace) -> dict[str, Any]:
    row = place.bill
    return {
        "title": N_("门诊缴费单待支付"),
        "text": {lang: f"{campus_name(place, lang)} · {format_fen(row.amount, lang)}" for lang in LANGUAGES},
        "href": f"/bills/{row.id}",
        "icon": "receipt",
        "kind": "warn",
        "until": row.shown_until,
    }
