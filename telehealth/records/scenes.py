"""What the demo's record looks like on the first day: reports from the hospital, one share, and who looked.

Played through the doors of patient and doctor while a sample visit is open, once.
"""

from collections.abc import Mapping

import structlog

from telehealth.consultations.filing import file_of
from telehealth.core.errors import DomainError
from telehealth.core.stage import Stage
from telehealth.records import queries, sharing
from telehealth.records.refreshing import refresh
from telehealth.records.states import PaperKind

log = structlog.get_logger(__name__)

#: Whose record is shown to somebody, by phone, and to whom.
SHARED_WITH: Mapping[str, str] = {"13800000103": "女儿（样例）"}
DEVICE = "Mozilla/5.0 (iPhone)"


async def play_scene(visit: Stage) -> None:
    label = SHARED_WITH.get(visit.phone)
    if label is None:
        return
    try:
        await _play(visit, label)
    except DomainError as error:
        # A demo without the hospital's system is still a demo.
        log.warning("demo.records_skipped", error=error.code)


async def _play(visit: Stage, label: str) -> None:
    units, patient = visit.units, visit.patient
    async with units.of(patient) as unit:
        if await queries.shares_of(unit, patient.account):
            return
    await refresh(units, patient, visit.person_id)
    async with units.of(visit.doctor) as unit:
        await file_of(unit, visit.room)
    async with units.of(patient) as unit:
        found = await queries.reports_of(unit, visit.person_id, limit=1)
    if not found:
        return
    chosen = [(PaperKind.REPORT, row.id) for row in found]
    share = await sharing.make(units, patient, visit.person_id, chosen, days=7, label=label)
    await sharing.open_share(units, share.token, ticket=None, user_agent=DEVICE)
