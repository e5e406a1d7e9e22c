"""Somebody does badly on a medicine of a signed sheet."""

from datetime import date
from typing import Any

from prescriptions.models import Prescription
from prescriptions.reactions.models import Reaction
from prescriptions.reactions.reporting import Told, report
from prescriptions.reactions.states import Severity, Taking
from telehealth.core.access import Actor
from telehealth.core.ids import new_id
from telehealth.core.unit import Units

WHAT = "样例：服药第二天手臂起红疹，很痒"


def told(**facts: Any) -> Told:
    said: dict[str, Any] = {
        "drug_codes": ("W001",), "what": WHAT, "began_on": date(2026, 11, 21), "severity": Severity.MODERATE,
        "taking": Taking.STOPPED, "draft": new_id(),
    }  # fmt: skip
    return Told(**(said | facts))


async def reported(units: Units, who: Actor, rx: Prescription, **facts: Any) -> Reaction:
    async with units.of(who) as unit:
        return await report(unit, who, rx.id, told(**facts))
