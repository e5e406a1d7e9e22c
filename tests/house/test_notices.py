"""Every notice of the catalogue is sent by some service, and none holds what a person typed (GD10, GD03)."""

import ast
import re
from collections import defaultdict

from telehealth.eligibility.explaining import TITLES
from telehealth.notifications.notices import WORDINGS, Notice
from telehealth.notifications.rules import Kind
from telehealth.outpatient.telling import WHY
from tests.support.source import modules

#: What a gap of a text may hold, and where that comes from. A new name is decided here: no words that a
#: doctor, a patient or a desk typed, no department (it says what somebody suffers from), no line of a sheet.
GAPS = {
    # people, masked by whoever tells; colleagues among themselves by name
    "patient": "masked name",
    "person": "masked name",
    "requester": "masked name",
    "doctor": "the doctor's public name",
    "holder": "a doctor's name, to their own hospital's staff",
    # papers and places
    "number": "public number of a booking, sheet, bill, parcel or ticket",
    "pickup": "number at a pharmacy window",
    "window": "name or number of a pharmacy window",
    "place": "hospital, campus, pharmacy or room",
    "hospital": "name of the hospital",
    "credential": "kind of a licence",
    # sums and counts
    "amount": "yuan",
    "fund": "yuan",
    "personal": "yuan",
    "other": "yuan",
    "cash": "yuan",
    "money": "a sentence on what goes back",
    "items": "how many, and the yuan of each",
    "ahead": "how many",
    "count": "how many",
    "visits": "how many",
    "attended": "how many",
    # sentences of the program
    "reason": "title of a finding of the gate",
    "why": "why money for a bill goes back",
}
#: Who may use a gap that stands for one of several fixed sentences.
SENTENCES = {"reason": {Notice.BOOKING_REFUSED}, "why": {Notice.BILL_RETURNED}}
CLINICAL = re.compile("诊断|病名|药|症|diagnos|drug|medicine|disease", re.IGNORECASE)


def senders() -> dict[str, set[str]]:
    """`BOOKING_HELD` → the modules of services that name it; a demo is no service."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        if module.name.startswith(("telehealth.notifications", "telehealth.demo")):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Notice":
                found[node.attr].add(module.name)
    return found


def test_GD10_every_notice_is_sent_by_some_service() -> None:
    assert sorted({notice.name for notice in Notice} - senders().keys()) == []
    assert set(WORDINGS) == set(Notice)


def test_GD10_no_notice_has_a_gap_for_what_somebody_typed() -> None:
    used: dict[str, set[Notice]] = defaultdict(set)
    for notice, wording in WORDINGS.items():
        for name, var in wording.variables.items():
            if var.kind is Kind.TEXT:
                used[name].add(notice)
    assert used.keys() == GAPS.keys()
    assert {name: used[name] for name in SENTENCES} == SENTENCES


def test_GD10_sentences_that_fill_a_gap_are_fixed_and_name_no_illness_and_no_medicine() -> None:
    for sentence in [*TITLES.values(), *WHY.values()]:
        assert not CLINICAL.search(sentence), sentence
