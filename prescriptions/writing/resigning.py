"""Sign again at a line, with a reason, for what a rule says must not pass unseen (REG 29, 37)."""

from uuid import UUID

from prescriptions.formulary import published_book
from prescriptions.models import Prescription
from prescriptions.queries import lines_of
from prescriptions.safety.facts import Severity
from prescriptions.states import CheckStage
from prescriptions.writing.active import active_medicines
from prescriptions.writing.checking import run_check
from prescriptions.writing.content import Resigned, read_body
from prescriptions.writing.drafting import require_version, touch
from prescriptions.writing.errors import FindingGone
from prescriptions.writing.own import lock_own_draft, own_sheet
from telehealth.accounts import require_step_up
from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Units

#: "无" is no reason.
LEAST = 4


async def resign(
    units: Units,
    actor: Actor,
    prescription_id: UUID,
    key: str,
    *,
    reason: str,
    version: int,
    page: str = "",
) -> Prescription:
    """For this finding as it stands now: once its dose or partner changes, it is asked for again.

    Raises PrescriptionNotFound, PrescriptionFixed, PadClosed, PadOutdated, StepUpNeeded, FindingGone for one
    that is not there or that no reason can satisfy, FieldsInvalid.
    """
    if len("".join(reason.split())) < LEAST:
        raise FieldsInvalid({"reason": N_("请写明理由，至少 4 个字")})
    async with units.of(actor) as unit:
        rx, _ = await own_sheet(unit, prescription_id)
        published = await published_book(unit, rx.hospital_id)
    active = await active_medicines(units, rx, published.book)
    async with units.of(actor) as unit:
        rx, _ = await lock_own_draft(unit, prescription_id)
        require_version(rx, version, page)
        await require_step_up(unit)
        lines = await lines_of(unit, rx.id)
        checked = await run_check(unit, rx, lines, CheckStage.WRITING, active, published)
        found = next((each for each in checked.verdict.findings if each.key == key), None)
        if found is None or found.severity is not Severity.RESIGN:
            raise FindingGone(key=key)
        content = read_body(rx.body)
        line = lines[found.items[0]].id if found.items else None
        given = Resigned(line=line, reason=reason, at=unit.now)
        touch(unit, rx, content.model_copy(update={"resigned": {**content.resigned, key: given}}), page)
        unit.audit("prescription.resigned", rx, number=rx.number, finding=str(found.code), key=key)
        return rx
