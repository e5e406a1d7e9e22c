"""Patients who stand before the gate, and checks they passed."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from telehealth.accounts.models import Account
from telehealth.core.access import Actor
from telehealth.core.unit import Units
from telehealth.eligibility.checking import Question, assess
from telehealth.eligibility.facts import Stage
from telehealth.eligibility.models import GateDecision
from telehealth.patients.models import Person
from telehealth.rulebook.rules import ClinicKind
from tests.support.factories.accounts import add_patient, patient
from tests.support.factories.patients import add_card, add_person, add_visit


@dataclass(frozen=True)
class Follower:
    """Somebody with an account, themselves as a person, and mostly a card and a visit."""

    account: Account
    person: Person

    @property
    def actor(self) -> Actor:
        return patient(self.account)


async def add_follower(
    units: Units,
    hospital_id: UUID,
    phone: str = "13800001234",
    *,
    born: date = date(1980, 3, 4),
    days_ago: int | None = 21,
    card: bool = True,
) -> Follower:
    """Saw a doctor here `days_ago`, as the hospital's system said just now; None: never asked."""
    account = await add_patient(units, phone)
    person = await add_person(units, account, born=born)
    if card:
        await add_card(units, hospital_id, account, person)
    if days_ago is not None:
        await add_visit(units, hospital_id, person, days_ago=days_ago)
    return Follower(account, person)


async def add_check(
    units: Units,
    who: Follower,
    hospital_id: UUID,
    *,
    stage: Stage = Stage.RED_FLAGS,
    kind: ClinicKind = ClinicKind.INTERNET,
    stable: bool | None = True,
    red_flags: tuple[str, ...] | None = (),
    slot_date: date | None = None,
) -> GateDecision:
    """A check as the patient made it, by default one that opens the seats."""
    question = Question(hospital_id, who.person.id, stage, kind, slot_date, stable, red_flags)
    return (await assess(units, who.actor, question)).row
