"""State tables: every state reachable, every end named, every pair that stands nowhere refused."""

import importlib
from enum import StrEnum
from typing import Any

import pytest

from telehealth.core.errors import TransitionRefused
from telehealth.core.machine import Machine
from tests.support.source import modules

#: Where each machine ends. A state that nothing leaves must be meant to be left by nothing.
ENDS: dict[str, set[str]] = {
    "appeal": {"declined", "upheld"},
    # A released seat may be paid for too late and still be free.
    "booking": {
        "cancelled", "clinic_closed", "completed", "ineligible_at_admission", "patient_absent", "unattended",
        "unfinished", "withdrawn",
    },
    # A closed clinic may open again, a sent form may be taken back, a member of staff reinstated.
    "clinic": set(),
    "complaint": {"closed"},
    "rating_words": set(),
    # Assessed again as often as more is known.
    "reaction": set(),
    "complaint_photo": {"ready", "refused"},
    "call": {"ended"},
    "consultation": {"closed", "concluded"},
    "note": {"signed"},
    "room_file": {"ready", "refused"},
    "room_seat": {"ended"},
    "follow_up": {"done", "dropped"},
    "prescription": {"expired", "refused", "voided"},
    "fulfilment": {"dispensed", "lapsed", "undone"},
    # A parcel said to be delivered, or given up for lost, may yet come back.
    "dispatch_order": {"cancelled", "collected"},
    "stock_reservation": {"freed"},
    "recall": {"closed"},
    "formulary_version": {"discarded", "retired"},
    "cover": {"refused", "reversed"},
    "intake_form": set(),
    "staff_member": set(),
    # A closed charge may be revived, and a closed order paid after all: only the provider has the last word.
    "charge": {"settled"},
    "pay_order": {"paid"},
    "refund": {"settled"},
    "refund_leg": {"settled"},
    "data_request": {"declined", "granted", "lifted"},
    "delivery": {"arrived", "skipped"},
    "rung": {"delivered", "refused", "undelivered"},
    "family_binding": {"ended", "lapsed", "refused", "withdrawn"},
    "family_paper": {"deleted", "refused"},
    "identity_review": {"approved", "dropped", "refused"},
    "intake_attachment": {"refused", "removed"},
    # A bill the hospital confirmed may still be called off.
    "outpatient_bill": set(),
    "queue_ticket": {"seen", "left"},
    "patient_link": {"ended"},
    "policy_version": {"discarded", "retired"},
}  # fmt: skip


def _machines() -> list[Machine[Any, Any]]:
    found = []
    for module in modules():
        if module.name.rpartition(".")[2] == "states":
            found += [
                x for x in vars(importlib.import_module(module.name)).values() if isinstance(x, Machine)
            ]
    return found


MACHINES = sorted(_machines(), key=lambda machine: machine.name)
each = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def test_every_machine_has_a_name_of_its_own_and_its_ends_are_named_here() -> None:
    assert sorted(ENDS) == [machine.name for machine in MACHINES]


@each
def test_every_state_is_reachable(machine: Machine[Any, Any]) -> None:
    assert machine.reachable == set(_states(machine))


@each
def test_it_ends_where_it_is_meant_to(machine: Machine[Any, Any]) -> None:
    assert machine.terminal == ENDS[machine.name]


@each
def test_every_event_leads_somewhere(machine: Machine[Any, Any]) -> None:
    events = {event for _, event in machine.table}
    kind: type[StrEnum] = type(next(iter(events)))
    assert events == set(kind)


@each
def test_whatever_stands_not_in_the_table_is_refused(machine: Machine[Any, Any]) -> None:
    events = type(next(event for _, event in machine.table))
    for state in _states(machine):
        for event in events:
            if (state, event) in machine.table:
                assert machine.allows(state, event)
                assert machine.after(state, event) is machine.table[state, event]
            else:
                assert not machine.allows(state, event)
                with pytest.raises(TransitionRefused) as refused:
                    machine.after(state, event)
                assert refused.value.facts == {
                    "machine": machine.name, "state": str(state), "event": str(event),
                }  # fmt: skip


def _states(machine: Machine[Any, Any]) -> type[StrEnum]:
    states: type[StrEnum] = type(machine.initial)
    return states
