"""Where somebody is insured: as they say, and as the insurer says, who has the last word."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.ids import new_id
from telehealth.core.points import point
from telehealth.core.unit import Unit, Units
from telehealth.insurance import queries
from telehealth.insurance.errors import CoverNotFound
from telehealth.insurance.models import InsuranceRecord
from telehealth.insurance.ports import Insured, Insurer
from telehealth.insurance.rules import REGIONS, UNINSURED, region_of, settled_as
from telehealth.insurance.states import Category
from telehealth.patients import person, person_for

#: So long is the insurer's answer not asked for again, and not talked over.
VERIFIED_FOR = timedelta(days=30)


async def declare(
    unit: Unit, *, hospital_id: UUID, person_id: UUID, region: str, category: Category | None = None
) -> InsuranceRecord:
    """Keep what a person says; where the insurer answered lately, its word stays.

    Raises:
        FieldsInvalid: `region` is none of `rules.REGIONS`.
        PersonNotFound, LinkPending: not a person this unit may act for.
    """
    if region not in REGIONS:
        raise FieldsInvalid({"region": N_("请从给出的选项中选择")})
    if unit.owner is not None:
        await person_for(unit, unit.owner, person_id)
    else:
        await person(unit, person_id)
    record = await _record(unit, hospital_id, person_id, region)
    if is_verified(unit, record):
        return record
    record.region, record.category, record.declared_at = region, category, unit.now
    record.division, record.verified_at = "", None
    record.insurance_type = record.insured_number = ""
    unit.audit("insurance.declared", record, region=region)
    await unit.session.flush()
    return record


def is_verified(unit: Unit, record: InsuranceRecord) -> bool:
    return record.verified_at is not None and record.verified_at > unit.now - VERIFIED_FOR


async def verify(
    units: Units,
    actor: Actor,
    record: InsuranceRecord,
    *,
    hospital: str,
    document_number: str,
    name: str,
) -> InsuranceRecord:
    """Ask the insurer about somebody who says they are insured here (1101).

    Raises:
        InsurerDown, InsurerRefused: what we know stays as it was.
    """
    point("insure.look_up.before_call")
    found = await units.port(Insurer).look_up(  # type: ignore[type-abstract]
        hospital, document_number=document_number, name=name
    )
    point("insure.look_up.after_call")
    async with units.account(actor.account, actor) as unit:
        kept = await queries.record_of(unit, record.hospital_id, record.person_id, lock=True)
        if kept is None:
            raise CoverNotFound()
        _write(unit, kept, found)
    point("insure.look_up.after_commit")
    return kept


def _write(unit: Unit, record: InsuranceRecord, found: Insured | None) -> None:
    record.region = UNINSURED if found is None else region_of(found.division)
    record.division = "" if found is None else found.division
    record.category = None if found is None else settled_as(found.categories)
    record.insurance_type = "" if found is None else found.insurance_type
    record.insured_number = "" if found is None else found.number
    record.verified_at = unit.now
    unit.audit("insurance.verified", record, region=record.region, category=record.category)


async def _record(unit: Unit, hospital_id: UUID, person_id: UUID, region: str) -> InsuranceRecord:
    """The row, locked, made where there is none."""
    blank = insert(InsuranceRecord).values(
        id=new_id(),
        hospital_id=hospital_id,
        person_id=person_id,
        region=region,
        division="",
        insurance_type="",
        insured_number="",
        declared_at=unit.now,
    )
    await unit.session.execute(blank.on_conflict_do_nothing(index_elements=["hospital_id", "person_id"]))
    record = await queries.record_of(unit, hospital_id, person_id, lock=True)
    if record is None:
        # Somebody else's row that this unit may not see.
        raise CoverNotFound()
    return record
