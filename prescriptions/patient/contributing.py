"""What the home page shows of sheets that wait for money."""

from typing import Any

from prescriptions.patient import queries
from prescriptions.settling import fulfilments_of
from telehealth.core.access import Actor, Permission
from telehealth.core.i18n import N_, format_fen
from telehealth.core.unit import Unit


async def patient_home(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    if actor.is_staff or not actor.may(Permission.PAY):
        return []
    found = await queries.payable(unit)
    ways = await fulfilments_of(unit, [rx.id for rx in found])
    return [
        {
            "title": N_("处方待缴费，逾期失效"),
            "text": {lang: f"{rx.number} · {format_fen(rx.total, lang)}" for lang in ("zh-CN", "en")},
            "href": f"/prescriptions/{rx.id}",
            "icon": "pill",
            "kind": "warn",
            "until": ways[rx.id].pay_by if rx.id in ways else rx.valid_until,
        }
        for rx in found
    ]
