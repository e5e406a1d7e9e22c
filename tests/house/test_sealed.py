"""GS13: what says who somebody is, how to reach them, or what they suffer from is sealed in the database."""

import re

import pytest
import sqlalchemy as sa

import app
from telehealth.core.db import Base
from telehealth.core.seal import Sealed

#: Columns of rows about patients whose names promise words of people, or ways to reach them.
TELLING = re.compile(
    r"(^|_)(name|phone|document_number|card_number|address|collector|text|words|body|advice|diagnoses|finding"
    r"|declaration|counselling|outcome|lines|what)$"
)
#: What such a name holds without telling anything of a patient.
OPEN = {
    "audit_records.actor_name": "staff, for the auditor; patients act without a name",
    "audit_records.name": "what was done, as a dotted name",
    "complaint_steps.by_name": "staff",
    "complaints.owner_name": "staff",
    "disclosures.name": "who received something",
    "finance_exports.name": "a file of the hospital",
    "finance_exports.asked_name": "staff",
    "outpatient_bills.campus_name": "a campus",
    "record_views.viewer_name": "staff, told to the patient",
    "record_views.what": "kind of paper",
    "room_messages.author_name": "masked",
    "room_peers.name": "masked",
    "rx_checks.outcome": "a code",
    "rx_reactions.assessed_name": "staff",
    "doctors.name": "published by the hospital",
    "staff_members.name": "staff",
    "sessions.name": "staff; patients sign in without one",
}
#: The least that must be sealed, by name: not to be argued away above.
SEALED = {
    "accounts.phone", "accounts.name", "persons.name", "persons.document_number",
    "patient_cards.number", "family_bindings.document_number", "fulfilments.address", "deliveries.phone",
    "visit_evidence.diagnoses", "visit_notes.body", "intake_forms.body", "medical_reports.body",
    "prescriptions.body", "rx_sheets.content", "room_messages.text", "complaints.text", "ratings.words",
    "appeals.text", "outpatient_bills.lines", "shares.token", "insurance_records.insured_number",
}  # fmt: skip


def columns() -> dict[str, sa.Column[object]]:
    assert app.FEATURES
    return {
        f"{table.name}.{column.name}": column
        for table in Base.metadata.tables.values()
        for column in table.columns
    }


@pytest.mark.parametrize("name", sorted(SEALED))
def test_GS13_what_tells_of_a_patient_is_sealed(name: str) -> None:
    assert isinstance(columns()[name].type, Sealed)


def test_GS13_no_row_of_a_patient_holds_open_words_that_nobody_thought_about() -> None:
    found = []
    for name, column in columns().items():
        is_about_somebody = {"account_id", "person_id"} & {each.name for each in column.table.columns}
        is_words = isinstance(column.type, sa.String) and not isinstance(column.type, sa.Enum)
        if is_about_somebody and is_words and TELLING.search(column.name) and name not in OPEN:
            found.append(name)
    assert found == []
    assert OPEN.keys() <= columns().keys()
