"""The queue and one sheet, as a pharmacist reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prescriptions.errors import PrescriptionNotFound
from prescriptions.formulary import Book, book_of
from prescriptions.models import Line, Prescription, Review, SheetFile
from prescriptions.queries import last_review, lines_of, prescription, sheet_file
from prescriptions.reviewing import queries
from prescriptions.safety.facts import Severity
from prescriptions.safety.wording import say
from prescriptions.sheet.content import SheetContent, restore
from prescriptions.sheet.wording import sheet_words
from prescriptions.states import CheckStage, Outcome, RxState, SheetStage
from prescriptions.stock import availability
from prescriptions.writing.active import ActiveMedicines, active_medicines
from prescriptions.writing.checking import Checked, run_check
from prescriptions.writing.content import read_body
from telehealth.core.access import Actor
from telehealth.core.clock import day_start
from telehealth.core.i18n import N_, translator
from telehealth.core.unit import Unit, Units
from telehealth.directory import doctors_by_id, said
from telehealth.patients import people_by_id
from telehealth.patients.masking import mask_name
from telehealth.patients.viewing import Looked, note_look

KINDS = {"western": N_("西药、中成药"), "herb": N_("中药饮片")}
SEVERITIES = {
    Severity.BLOCK: ("danger", "octagon-x"),
    Severity.RESIGN: ("warn", "pen-line"),
    Severity.WARN: ("info", "info"),
}
OUTCOMES = {
    Outcome.PASSED: ("ok", N_("已通过")),
    Outcome.RETURNED: ("warn", N_("已退回")),
    Outcome.REFUSED: ("danger", N_("已拒绝")),
}
STATES = {
    RxState.DRAFT: ("", N_("医生修改中")),
    RxState.SIGNED: ("warn", N_("待审核")),
    RxState.RETURNED: ("warn", N_("已退回")),
    RxState.PASSED: ("ok", N_("已通过")),
    RxState.SPENT: ("ok", N_("已缴费")),
    RxState.REFUSED: ("danger", N_("已拒绝")),
    RxState.EXPIRED: ("", N_("已过期")),
    RxState.VOIDED: ("", N_("已作废")),
}
#: Minutes before a promise is broken at which it turns yellow.
SOON_MINUTES = 10


@dataclass(frozen=True, slots=True)
class UnderReview:
    """All that one look at a sheet needs, gathered outside any unit that would stay open."""

    rx: Prescription
    book: Book
    lines: Sequence[Line]
    content: SheetContent
    file: SheetFile
    checked: Checked | None
    active: ActiveMedicines
    review: Review | None
    free: dict[str, Any]
    at: datetime
    #: REG59: nothing but keeping it is done with the person's data.
    restricted: bool


async def look(units: Units, actor: Actor, prescription_id: UUID) -> UnderReview:
    """The checks run again at each look (pain 11). Raises PrescriptionNotFound, also for a draft."""
    async with units.of(actor) as unit:
        rx = await prescription(unit, prescription_id)
        if rx.book_id is None or not rx.issue:
            raise PrescriptionNotFound()
        published = await book_of(unit, rx.book_id)
    active = await active_medicines(units, rx, published.book)
    async with units.of(actor) as unit:
        rx = await prescription(unit, prescription_id)
        lines = await lines_of(unit, rx.id)
        stage = SheetStage.BOTH if rx.state in (RxState.PASSED, RxState.SPENT) else SheetStage.DOCTOR
        file = await sheet_file(unit, rx.id, rx.issue, stage) or await sheet_file(
            unit, rx.id, rx.issue, SheetStage.DOCTOR
        )
        if file is None:
            raise PrescriptionNotFound()
        is_open = rx.state is RxState.SIGNED
        checked = await run_check(unit, rx, lines, CheckStage.REVIEW, active, published) if is_open else None
        free = await availability(unit, rx.hospital_id, rx.campus_id, [line.drug_code for line in lines])
        unit.audit("prescription.read", rx, number=rx.number)
        restricted = await note_look(unit, rx.person_id, Looked.PRESCRIPTION, rx.id)
        return UnderReview(
            rx, published.book, lines, restore(file.content.encode()), file, checked, active,
            await last_review(unit, rx.id), dict(free), unit.now, restricted,
        )  # fmt: skip


def sheet_view(found: UnderReview, actor: Actor, lang: str) -> dict[str, Any]:
    rx, gettext = found.rx, translator(lang)
    words = sheet_words(found.content)
    drawn = [*words["lines"], *words["herbs"]]
    by_role = sorted(found.lines, key=lambda line: _role_order(line)) if words["herbs"] else found.lines
    findings = [
        _finding(say(each, found.book, lang), each.severity, [place + 1 for place in each.items])
        for each in (found.checked.verdict.findings if found.checked else ())
    ]
    kept = read_body(rx.body)
    return {
        "id": rx.id,
        "number": rx.number,
        "issue": rx.issue,
        "state": STATES[rx.state],
        "is_open": rx.state is RxState.SIGNED,
        "is_own": rx.signed_by == actor.account_id,
        "kind": gettext(KINDS[rx.kind]),
        "restricted": found.restricted,
        "promise": _promise(rx.answer_by, found.at),
        "words": words,
        "facts": _facts(found.content, kept.egfr, gettext),
        "lines": [_line(line, shown, found.free) for line, shown in zip(by_role, drawn, strict=True)],
        "findings": findings,
        "blocked": any(item["kind"] == "danger" for item in findings),
        "active": [
            {"name": one.name, "days": one.days_left, "is_foreign": one.is_foreign}
            for one in found.active.taken
        ],
        "foreign_known": found.active.foreign_known,
        "review": _review(found.review, gettext),
        "sheet_href": f"/staff/reviews/{rx.id}/sheet",
        "total": rx.total,
    }


async def queue_view(unit: Unit, hospital_id: UUID, lang: str) -> dict[str, Any]:
    rows = await queries.waiting(unit, hospital_id)
    done = await queries.answered(unit, hospital_id, since=day_start(unit.today))
    every = [*rows, *(rx for _, rx in done)]
    people = await people_by_id(unit, [rx.person_id for rx in every])
    doctors = await doctors_by_id(unit, [rx.doctor_id for rx in every])
    gettext = translator(lang)

    def row(rx: Prescription) -> dict[str, Any]:
        who, doc = people.get(rx.person_id), doctors.get(rx.doctor_id)
        return {
            "href": f"/staff/reviews/{rx.id}",
            "number": rx.number,
            "patient": mask_name(who.name) if who else "*",
            "doctor": said(doc, "name", lang) if doc else "",
            "kind": gettext(KINDS[rx.kind]),
            "is_again": rx.issue > 1,
            "signed_at": rx.signed_at,
            "promise": _promise(rx.answer_by, unit.now),
            "is_own": rx.signed_by == unit.actor.account_id,
        }

    return {
        "waiting": [row(rx) for rx in rows],
        "late": sum(rx.answer_by is not None and rx.answer_by <= unit.now for rx in rows),
        "done": [row(rx) | {"outcome": OUTCOMES[review.outcome], "at": review.at} for review, rx in done],
    }


def _promise(answer_by: datetime | None, now: datetime) -> dict[str, Any] | None:
    if answer_by is None:
        return None
    left = int((answer_by - now).total_seconds() // 60)
    kind = "danger" if left < 0 else "warn" if left < SOON_MINUTES else "ok"
    return {"at": answer_by, "minutes": abs(left), "is_late": left < 0, "kind": kind}


def _finding(said_: Any, severity: Severity, lines: list[int]) -> dict[str, Any]:
    kind, sign = SEVERITIES[severity]
    return {"said": said_, "kind": kind, "sign": sign, "lines": lines}


def _line(line: Line, shown: dict[str, Any], free: dict[str, Any]) -> dict[str, Any]:
    have = free.get(line.drug_code)
    return {
        **_BLANK,
        **shown,
        "position": line.position,
        "resigned": line.resign_reason if line.resigned_at else "",
        "copied": line.copied,
        "is_short": have is not None and have < line.quantity,
        "amount": line.amount,
    }


def _facts(content: SheetContent, egfr: Any, gettext: Any) -> list[tuple[str, str]]:
    patient = content.patient
    return [
        (gettext(N_("诊断")), "；".join(one.name for one in content.diagnoses)),
        (gettext(N_("病与证")), " · ".join(x.name for x in (content.tcm_disease, content.tcm_syndrome) if x)),
        (gettext(N_("过敏史")), "" if patient.allergies else gettext(N_("已询问，无"))),
        (gettext(N_("体重")), f"{patient.weight_kg} kg" if patient.weight_kg else ""),
        ("eGFR", f"{egfr} mL/min/1.73 m²" if egfr else ""),
        (gettext(N_("开具医师")), f"{content.doctor} {content.doctor_title}"),
        (gettext(N_("超量或长期用药理由")), content.supply_reason),
    ]


def _review(review: Review | None, gettext: Any) -> dict[str, Any] | None:
    if review is None:
        return None
    kind, label = OUTCOMES[review.outcome]
    return {"kind": kind, "label": gettext(label), "reason": review.reason, "at": review.at}


#: A herb has no usage of its own, a medicine no step.
_BLANK = dict.fromkeys(("strength", "pack", "usage", "note", "quantity", "grams", "step"), "")
_ROLES = {"jun": 0, "chen": 1, "zuo": 2, "shi": 3}


def _role_order(line: Line) -> tuple[int, int]:
    return _ROLES.get(line.role, 9), line.position
