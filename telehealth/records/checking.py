"""Is this paper ours, and unchanged? Anybody who holds it may ask (REG54).

The answer names no illness: what kind of paper, which hospital, the day, a masked name, and the hash.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from telehealth.core.unit import Units
from telehealth.directory import Hospital, hospital
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.records import queries
from telehealth.records.states import PaperKind

CHECK = "paper check"


@dataclass(frozen=True, slots=True)
class Finding:
    kind: PaperKind
    hospital: Hospital
    patient: str
    on: date
    issued_at: datetime
    sha256: str
    content_digest: str
    is_sealed: bool
    #: The same thing was handed out with other words since.
    is_outdated: bool
    #: Whether the file held beside it is this one; None when none was.
    is_same: bool | None = None


async def check(units: Units, code: str, file: bytes | None = None) -> Finding:
    """Raises PaperNotFound."""
    async with units.system(CHECK) as unit:
        paper = await queries.paper_by_code(unit, code)
        person = (await people_by_id(unit, [paper.person_id])).get(paper.person_id)
        same = None if file is None else hashlib.sha256(file).hexdigest() == paper.sha256
        unit.audit("paper.checked", paper, same=same)
        return Finding(
            kind=paper.kind,
            hospital=await hospital(unit, paper.hospital_id),
            patient=mask_name(person.name) if person else "*",
            on=paper.on,
            issued_at=paper.issued_at,
            sha256=paper.sha256,
            content_digest=paper.content_digest,
            is_sealed=paper.is_sealed,
            is_outdated=await queries.newer_paper(unit, paper),
            is_same=same,
        )
