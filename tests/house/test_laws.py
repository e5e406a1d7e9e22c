"""The laws of docs/design.md that a reader cannot be trusted to remember."""

import ast
import importlib
import re
from collections import defaultdict

from tests.support.source import Module, called, modules

#: Commits belong to the edge: the unit, and the session's own short writes before a unit exists.
MAY_COMMIT = {"telehealth/core/unit.py", "telehealth/web/sessions.py", "telehealth/migrations/env.py"}

#: `core.clock` is the only clock. Ages of files and the windows of the limiter are the machine's.
MAY_ASK_THE_MACHINE = {
    "telehealth/core/clock.py": {"datetime.now"},
    "telehealth/core/limits.py": {"time.time"},
    "telehealth/core/blobs/local.py": {"time.time"},
}
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}

#: Units that see every hospital: why, and where. Each use is a hole in the second wall.
SYSTEM = {
    "admission": {"telehealth.eligibility.checking"},
    "audit sealing": {"telehealth.admin.housekeeping"},
    "complaint photos": {"telehealth.complaints.photographing"},
    "cover left behind": {"telehealth.insurance.revoking"},
    "callback": {"telehealth.payments.receiving_notices"},
    "deadlines": {"telehealth.core.deadlines"},
    "demo": {"telehealth.demo.feedback",
             "telehealth.demo.pages", "telehealth.demo.seeding", "telehealth.demo.patients",
             "telehealth.demo.bookings", "telehealth.demo.moving", "telehealth.demo.consultations",
             "telehealth.demo.wechat", "telehealth.demo.queueing", "telehealth.demo.relatives",
             "prescriptions.samples", "prescriptions.scenes", "telehealth.reporting.samples"},
    "desk booking": {"telehealth.bookings.assisting"},
    "desk registration": {"telehealth.patients.registering"},
    "family account": {"telehealth.family.deleting", "telehealth.family.ending",
                       "telehealth.family.proving", "telehealth.family.requesting",
                       "telehealth.family.reviewing", "telehealth.family.viewing"},
    "ended family links": {"telehealth.patients.passing_on"},
    "money of a visit passed on": {"telehealth.bookings.returning"},
    "family link": {"telehealth.patients.adding", "telehealth.patients.linking_family",
                    "telehealth.patients.consenting", "telehealth.patients.verifying_identity",
                    "telehealth.patients.binding"},
    "handover": {"telehealth.accounts.pages.handover"},
    "housekeeping": {"telehealth.accounts.feature", "telehealth.admin.housekeeping",
                     "telehealth.notifications.receiving_receipts"},
    "identity review": {"telehealth.patients.reviewing", "telehealth.patients.binding"},
    "intake.sweep_incoming": {"telehealth.intake.clearing"},
    "medicines in use": {"prescriptions.writing.active"},
    "message delivery": {"telehealth.notifications.delivering"},
    "message tracing": {"telehealth.notifications.tracing"},
    "midnight sweep": {"telehealth.bookings.sweeping"},
    "wechat": {"telehealth.accounts.linking_wechat"},
    "offline visits": {"telehealth.bookings.asking_hospital"},
    "coming of age": {"telehealth.patients.coming_of_age"},
    "outpatient bills": {"telehealth.outpatient.asking", "telehealth.outpatient.telling"},
    "queue": {"telehealth.outpatient.arriving"},
    "queue screen": {"telehealth.outpatient.queue_showing"},
    "password change": {"telehealth.accounts.signing_in_staff"},
    "payment": {"telehealth.payments.settling"},
    "record share": {"telehealth.records.sharing"},
    "recording": {"signaling.recorder.leasing", "signaling.recorder.shipping"},
    "refunds": {"telehealth.payments.submitting"},
    "room presence": {"signaling.presence"},
    "room signals": {"signaling.relaying"},
    "room nudges": {"telehealth.consultations.nudging"},
    "unfinished visits": {"telehealth.consultations.unfinished"},
    "daily reports": {"telehealth.reporting.daily"},
    "formulary imports": {"prescriptions.formulary.accepting"},
    "finance exports": {"telehealth.payments.preparing"},
    "room calls": {"signaling.calls", "signaling.timers"},
    "room alert": {"telehealth.consultations.alerting"},
    "room fan-out": {"telehealth.consultations.channel"},
    "room files": {"telehealth.consultations.attaching"},
    "room gate": {"telehealth.consultations.gate", "telehealth.consultations.attaching",
                  "telehealth.consultations.pages", "telehealth.consultations.helper_pages",
                  "telehealth.consultations.showing"},
    "room helper": {"telehealth.consultations.helping"},
    "sheet verification": {"prescriptions.patient.verifying"},
    "sign-in": {"telehealth.accounts.signing_in"},
    "delivery callback": {"telehealth.notifications.receiving_receipts"},
    "staff invitation": {"telehealth.accounts.enrolling_staff"},
    "staff sign-in": {"telehealth.accounts.signing_in_staff"},
    "idle claims": {"prescriptions.pharmacy.claiming"},
    "lost stock": {"prescriptions.pharmacy.repairing"},
    "paper check": {"telehealth.records.checking"},
    "parcels": {"prescriptions.pharmacy.tracking"},
    "undoing a dispatch": {"prescriptions.pharmacy.undoing"},
    "waybills": {"prescriptions.pharmacy.shipping"},
    "stock expiry": {"prescriptions.stock.retiring"},
    "step-up": {"telehealth.accounts.stepping_up"},
    "verification": {"telehealth.eligibility.checking", "telehealth.bookings.verifying"},
}  # fmt: skip

#: The edges, where one failure must not take the others with it.
MAY_CATCH_ANYTHING = {
    "signaling/session.py",
    "telehealth/core/deadlines.py",
    "telehealth/core/quarantine/child.py",
    "telehealth/web/application.py",
    "telehealth/web/crashes.py",
    "telehealth/web/problems.py",
}

#: They speak to whoever typed a command.
MAY_PRINT = {"telehealth/command.py", "telehealth/demo/running.py", "telehealth/eligibility/rehearsing.py"}

LONGEST = 400
MONEY = re.compile(r"(^|_)(fee|fees|amount|price|fen|total|balance|charge|refund)(_|$)")
DOTTED = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


def test_only_the_edge_commits() -> None:
    offenders = [_at(module, call) for module in modules() if module.place not in MAY_COMMIT
                 for call in module.calls("commit", "rollback")]  # fmt: skip
    assert offenders == []


def test_nobody_but_the_clock_asks_the_machine_for_the_time() -> None:
    offenders = []
    for module in modules():
        allowed = MAY_ASK_THE_MACHINE.get(module.place, set())
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Attribute, ast.Name)):
                name = ast.unparse(node)
                if name in CLOCKS - allowed or name.removeprefix("dt.") in CLOCKS - allowed:
                    offenders.append(f"{module.place}:{node.lineno} {name}")
    assert offenders == []


def test_every_unit_that_sees_all_hospitals_is_listed_with_its_reason() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        for call in module.calls("system"):
            if called(call) == "self.units.system" or called(call).endswith("units.system"):
                found[_reason(module, call)].add(module.name)
    assert dict(found) == SYSTEM


def test_a_reason_is_a_text_that_stands_in_the_program() -> None:
    """Not put together from what somebody sent: it is part of the record."""
    for module in modules():
        for call in module.calls("system"):
            if called(call).endswith("units.system"):
                assert isinstance(call.args[0], (ast.Constant, ast.Name)), _at(module, call)


def test_imports_stand_at_the_top() -> None:
    offenders = []
    for module in modules():
        for function in ast.walk(module.tree):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                offenders += [
                    _at(module, node)
                    for node in ast.walk(function)
                    if isinstance(node, (ast.Import, ast.ImportFrom))
                ]
    assert offenders == []


def test_money_is_never_a_float() -> None:
    offenders = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AnnAssign):
                name, kind = ast.unparse(node.target), ast.unparse(node.annotation)
            elif isinstance(node, ast.arg) and node.annotation is not None:
                name, kind = node.arg, ast.unparse(node.annotation)
            else:
                continue
            if MONEY.search(name) and re.search(r"\b(float|Decimal)\b", kind):
                offenders.append(f"{_at(module, node)} {name}: {kind}")
    assert offenders == []


def test_only_the_edges_catch_whatever_comes() -> None:
    offenders = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler) and module.place not in MAY_CATCH_ANYTHING:
                kind = ast.unparse(node.type) if node.type else "BaseException"
                if kind in ("Exception", "BaseException") and not _raises_again(node):
                    offenders.append(_at(module, node))
    assert offenders == []


def test_what_is_logged_and_recorded_has_a_dotted_name() -> None:
    offenders = []
    for module in modules():
        for call in module.calls("debug", "info", "warning", "error", "exception", "critical", "audit"):
            if called(call).partition(".")[0] not in ("log", "unit") or not call.args:
                continue
            first = call.args[0]
            if isinstance(first, ast.Constant) and not DOTTED.fullmatch(str(first.value)):
                offenders.append(f"{_at(module, call)} {first.value!r}")
            if isinstance(first, ast.JoinedStr) and not _begins_dotted(first):
                offenders.append(f"{_at(module, call)} begins with a variable")
    assert offenders == []


def test_nothing_is_printed_but_by_commands() -> None:
    offenders = [_at(module, call) for module in modules() if module.place not in MAY_PRINT
                 for call in module.calls("print") if called(call) == "print"]  # fmt: skip
    assert offenders == []


def test_a_state_changes_by_its_table_only() -> None:
    """`apply(event)` of a model, or an UPDATE that names the state it comes from."""
    offenders = []
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Assign) or module.place.endswith("/models.py"):
                continue
            if ".after(" in ast.unparse(node.value) or "CardState." in ast.unparse(node.value):
                # A card is held or not: two words, no table.
                continue
            offenders += [
                f"{_at(module, node)} {ast.unparse(target)}"
                for target in node.targets
                if isinstance(target, ast.Attribute) and target.attr == "state"
                if ast.unparse(target) not in ("self.state", "app.state", "request.state")
            ]
    assert offenders == []


def test_a_module_is_short_enough_to_read() -> None:
    long = {module.place: module.text.count("\n") for module in modules()}
    assert {place: lines for place, lines in long.items() if lines > LONGEST} == {}


def test_private_rows_and_queries_are_used_through_their_feature() -> None:
    """Another feature's `models` and `queries` are private: go through what its `__init__` shows."""
    offenders = []
    for module in modules():
        here = module.name.split(".")[:2]
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and here not in (["app"], ["prescriptions", "feature"]):
                for alias in node.names:
                    parts = f"{node.module}.{alias.name}".split(".")
                    if parts[:2] != here and len(parts) > 2 and parts[2] in ("models", "queries"):
                        offenders.append(f"{_at(module, node)} {'.'.join(parts)}")
    assert offenders == []


def _reason(module: Module, call: ast.Call) -> str:
    first = call.args[0]
    if isinstance(first, ast.Constant):
        return str(first.value)
    return str(getattr(importlib.import_module(module.name), ast.unparse(first)))


def _begins_dotted(text: ast.JoinedStr) -> bool:
    """`booking.{state}` names a family of facts that a reader can still search for."""
    first = text.values[0]
    return isinstance(first, ast.Constant) and re.fullmatch(r"[a-z_]+\.", str(first.value)) is not None


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))


def _at(module: Module, node: ast.AST) -> str:
    return f"{module.place}:{getattr(node, 'lineno', 0)}"
