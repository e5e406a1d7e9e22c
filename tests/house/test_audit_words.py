"""Whatever the log may hold reads to a person, in both languages, and can be searched exactly."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

import app
from telehealth.admin.reading_audit import AuditBook
from telehealth.bookings.states import BookingState
from telehealth.consultations.states import FollowUpState
from telehealth.core.audit_words import FACTS, AuditWords
from telehealth.core.i18n import translator
from telehealth.family.states import BindingState
from telehealth.insurance.states import CoverState
from tests.house.test_laws import SYSTEM
from tests.support.source import Module, modules

#: Names made of a state: which states are recorded so.
MADE = {
    "booking.{booking.state}": set(BookingState) - {BookingState.HELD, BookingState.PAID},
    "cover.{cover.state}": {CoverState.REVERSED, CoverState.REFUSED},
    "family.{binding.state}": {BindingState.WITHDRAWN, BindingState.LAPSED},
    "follow_up.{row.state}": {FollowUpState.DONE, FollowUpState.DROPPED},
}
#: Whose records they are, not what was done.
OWNERS = {"hospital_id", "account_id"}

#: Tables whose rows are never what a record is about: parts, counts, queues and machinery.
NEVER_A_SUBJECT = {
    "audit_records", "audit_seals", "bill_fetches", "bill_rows", "charge_lines", "clock_offset",
    "complaint_steps", "daily_figures", "deadlines", "deliveries", "delivery_receipts", "delivery_rungs",
    "device_checks", "disclosures", "dispatch_exceptions", "dispenses", "doctor_scores", "family_places",
    "formulary_drugs", "handovers", "hospital_calendar", "idempotency_keys", "inbox_messages",
    "ledger_entries", "ledger_postings", "medical_report_fetches", "notice_acceptances", "notice_preferences",
    "outpatient_bill_fetches", "parcel_scans", "person_views", "pharmacy_members", "phone_codes",
    "picked_lots", "prescription_lines", "progress", "provider_notices", "rating_asks", "read_marks",
    "record_views", "recorder_leases", "recorders", "room_messages", "room_peers", "rx_checks", "rx_reviews",
    "rx_sheets", "share_views", "signals", "slots", "stock_items", "stock_moves", "stock_reservations",
    "subscribe_consents", "used_tickets", "visit_evidence", "visit_fetches", "wechat_identities",
}  # fmt: skip

PARTS: list[AuditWords] = [
    part for feature in app.FEATURES for name, part in feature.contributions if name == "audit_words"
]
BOOK = AuditBook(PARTS)


def test_every_name_that_is_recorded_has_words_and_no_words_are_left_over() -> None:
    assert set(BOOK.events) == _recorded()


def test_words_are_words_and_no_two_names_share_them() -> None:
    for lang in ("zh-CN", "en"):
        said = dict(BOOK.names(lang))
        assert [name for name, words in said.items() if not words or words == name] == []
        assert [
            words for words, count in Counter(map(str.casefold, said.values())).items() if count > 1
        ] == []
        areas = [words for _, words in BOOK.areas(lang)]
        assert len(areas) == len(set(areas))


def test_all_that_the_log_says_is_translated() -> None:
    english = translator("en")
    chinese = re.compile(r"[\u4e00-\u9fff]")
    sentences = [part.area for part in PARTS] + list(FACTS.values())
    for part in PARTS:
        for words in (
            part.events,
            part.subjects,
            part.facts,
            part.scopes,
            part.actors,
            *part.values.values(),
        ):
            sentences += words.values()
    assert sorted({words for words in sentences if not chinese.search(words)}) == []
    assert sorted({words for words in sentences if chinese.search(english(words))}) == []


def test_every_kind_of_subject_has_words() -> None:
    tables = set(app.METADATA.tables)
    told = set(BOOK.subjects)
    assert sorted(tables - told - NEVER_A_SUBJECT) == []
    assert sorted(told & NEVER_A_SUBJECT) == []
    others = _literal_kinds() | _served()
    assert sorted(others - told) == []
    assert sorted(told - tables - others) == []


def test_every_detail_that_is_recorded_is_called_by_a_word() -> None:
    nameless = set()
    for call in _audits():
        owners = [part for part in PARTS for name in _names(*call) if name in part.events]
        for key in (keyword.arg for keyword in call[1].keywords):
            if key not in OWNERS and key not in FACTS and not all(key in part.facts for part in owners):
                nameless.add((call[0].place, key))
    assert sorted(nameless, key=str) == []


def test_every_occasion_on_which_the_house_acts_has_words() -> None:
    assert set(BOOK.scopes) == set(SYSTEM)


def _audits() -> Iterator[tuple[Module, ast.Call]]:
    for module in modules():
        for call in module.calls("audit"):
            if len(call.args) == 2:
                yield module, call


def _recorded() -> set[str]:
    names = {name for module, call in _audits() for name in _names(module, call)}
    for module in modules():
        for text in _texts(module.tree):
            if "insert into audit_records" in text:
                names |= set(re.findall(r"'([a-z_]+\.[a-z_]+)'", text))
    return names - {"bookings.hold"}


def _names(module: Module, call: ast.Call) -> set[str]:
    name = call.args[0]
    if isinstance(name, ast.Constant):
        return {str(name.value)}
    if isinstance(name, ast.JoinedStr):
        made = ast.unparse(name)[2:-1]
        return {f"{made.partition('.')[0]}.{state}" for state in MADE[made]}
    assert isinstance(name, ast.Name), f"{module.place}: a name that nobody can read off the code"
    return _handed(module, call, name.id)


def _handed(module: Module, call: ast.Call, parameter: str) -> set[str]:
    """The names that a function which records for others is called with."""
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef) and call in ast.walk(function):
            place = [argument.arg for argument in function.args.args].index(parameter)
            return {
                str(each.args[place].value)
                for each in module.calls(function.name)
                if isinstance(each.args[place], ast.Constant)
            }
    raise AssertionError(f"{module.place}: nobody hands over {parameter}")


def _literal_kinds() -> set[str]:
    kinds = set()
    for _, call in _audits():
        for text in _texts(call.args[1]):
            if re.match(r"[a-z_]+:", text):
                kinds.add(text.partition(":")[0])
    return kinds


def _served() -> set[str]:
    """Kinds of resources that other systems read; each look is recorded by the resource's kind."""
    return {
        kind
        for feature in app.FEATURES
        for name, part in feature.contributions
        if name == "fhir"
        for kind in part
    }


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
