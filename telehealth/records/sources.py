"""The papers of the features beneath: signed notes, the hospital's reports, receipts."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from telehealth.consultations.errors import RoomNotFound
from telehealth.consultations.note_content import PARTS
from telehealth.consultations.recounting import SignedNote, signed_note, signed_notes
from telehealth.core.clock import completed_years, hospital_day
from telehealth.core.i18n import LANGUAGES, N_, format_fen, format_instant, translator
from telehealth.core.unit import Unit
from telehealth.directory import hospital, hospitals, said
from telehealth.patients import Person, person_for
from telehealth.patients.masking import mask_number
from telehealth.patients.wording import SEX_LABELS
from telehealth.payments import Charge, ChargeNotFound, ChargeState, charges_of, receipt
from telehealth.payments.wording import ORDER_TYPES, REFUND_REASONS, REFUND_STATES, WAYS
from telehealth.records import queries
from telehealth.records.errors import DocumentNotFound
from telehealth.records.models import Report
from telehealth.records.papers import Item, Making, PaperContent, Part, Table
from telehealth.records.refreshing import told_in
from telehealth.records.states import PaperKind
from telehealth.records.wording import FLAGS, OUT_OF_RANGE, REPORT_BADGES, REPORT_KINDS

ZH = LANGUAGES[0]


class NoteSource:
    kind = PaperKind.NOTE

    async def listed(self, unit: Unit, person_id: UUID, *, limit: int) -> Sequence[Item]:
        return [
            Item(
                kind=self.kind,
                id=note.visit_id,
                person_id=note.person_id,
                hospital_id=note.hospital_id,
                at=note.signed_at,
                title={lang: said(note.place.department, "name", lang) for lang in LANGUAGES},
                sub={
                    lang: " · ".join(
                        said(named, "name", lang) for named in (note.place.hospital, note.place.doctor)
                    )
                    for lang in LANGUAGES
                },
                href=f"/records/notes/{note.visit_id}",
            )
            for note in await signed_notes(unit, person_id, limit=limit)
        ]

    async def making(self, unit: Unit, item_id: UUID) -> Making:
        try:
            note = await signed_note(unit, item_id)
        except RoomNotFound:
            raise DocumentNotFound() from None
        person = await person_for(unit, unit.actor.account, note.person_id)
        return Making(hospital_id=note.hospital_id, person_id=note.person_id, what=_note_paper(note, person))


class ReportSource:
    kind = PaperKind.REPORT

    async def listed(self, unit: Unit, person_id: UUID, *, limit: int) -> Sequence[Item]:
        places = {place.id: place for place in await hospitals(unit)}
        return [
            Item(
                kind=self.kind,
                id=row.id,
                person_id=row.person_id,
                hospital_id=row.hospital_id,
                at=row.taken_at,
                title=told_in(row).title,
                sub={
                    lang: f"{said(places[row.hospital_id], 'name', lang)} · "
                    f"{translator(lang)(REPORT_KINDS[row.kind])}"
                    for lang in LANGUAGES
                },
                href=f"/records/reports/{row.id}",
                badge=REPORT_BADGES.get(row.status),
            )
            for row in await queries.reports_of(unit, person_id, limit=limit)
        ]

    async def making(self, unit: Unit, item_id: UUID) -> Making:
        row = await queries.report(unit, item_id)
        person = await person_for(unit, unit.actor.account, row.person_id)
        place = await hospital(unit, row.hospital_id)
        return Making(
            hospital_id=row.hospital_id, person_id=row.person_id, what=_report_paper(row, place.name, person)
        )


class ReceiptSource:
    kind = PaperKind.RECEIPT

    async def listed(self, unit: Unit, person_id: UUID, *, limit: int) -> Sequence[Item]:
        found = [each for each in await charges_of(unit, unit.actor, limit=200) if _is_receipt(each)]
        return [
            Item(
                kind=self.kind,
                id=row.id,
                person_id=row.person_id,
                hospital_id=row.hospital_id,
                at=row.settled_at or row.created_at,
                title=ORDER_TYPES[row.order_type],
                sub={lang: f"{format_fen(row.amount, lang)} · {row.number}" for lang in LANGUAGES},
                href=f"/receipts/{row.id}",
            )
            for row in found
            if row.person_id == person_id
        ][:limit]

    async def making(self, unit: Unit, item_id: UUID) -> Making:
        try:
            found = await receipt(unit, unit.actor, item_id)
        except ChargeNotFound:
            raise DocumentNotFound() from None
        charge = found.charge
        if not _is_receipt(charge) or charge.account_id != unit.actor.account:
            raise DocumentNotFound()
        person = await person_for(unit, unit.actor.account, charge.person_id)
        place = await hospital(unit, charge.hospital_id)
        at = charge.settled_at or charge.created_at
        rows = tuple(
            (
                line.description,
                format_fen(line.amount, ZH),
                format_fen(line.fund + line.personal + line.other, ZH),
                format_fen(line.amount - line.fund - line.personal - line.other, ZH),
            )
            for line in found.lines
        )
        parts = [
            Part(heading="收费明细", table=Table(columns=("项目", "金额", "医保支付", "个人支付"), rows=rows))
        ]
        if found.refunds:
            back = tuple(
                (
                    REFUND_REASONS[step.refund.reason],
                    format_fen(step.refund.amount, ZH),
                    REFUND_STATES[step.refund.state][0],
                )
                for step in found.refunds
            )
            parts.append(Part(heading="退款", table=Table(columns=("原因", "金额", "状态"), rows=back)))
        facts = [
            ("项目", ORDER_TYPES[charge.order_type]),
            ("合计", format_fen(charge.amount, ZH)),
            ("收费时间", format_instant(at, ZH)),
        ]
        if found.order is not None:
            facts += [("支付方式", WAYS[found.order.way]), ("支付流水号", found.order.transaction_id or "")]
        paper = PaperContent(
            title=N_("收费凭据"),
            hospital=place.name,
            number=charge.number,
            on=hospital_day(at),
            facts=(*_who(person, hospital_day(at)), *((name, value) for name, value in facts if value)),
            parts=tuple(parts),
            signed=(("说明", "本凭据由收费系统出具，报销以医疗收费票据为准。"),),
        )
        return Making(hospital_id=charge.hospital_id, person_id=charge.person_id, what=paper)


def _is_receipt(charge: Charge) -> bool:
    return charge.state is ChargeState.SETTLED


def _note_paper(note: SignedNote, person: Person) -> PaperContent:
    content, place = note.content, note.place
    parts = [Part(heading=PARTS[name], text=getattr(content, name)) for name in PARTS]
    if content.diagnosis_text:
        parts.insert(0, Part(heading="诊断", text=content.diagnosis_text))
    if content.allergies:
        parts.append(Part(heading="过敏史", text=content.allergies))
    if note.advice:
        parts.append(Part(heading="医嘱", text=note.advice))
    on = hospital_day(place.booking.starts_at)
    return PaperContent(
        title=N_("线上复诊病历"),
        hospital=place.hospital.name,
        number=place.booking.number,
        on=on,
        facts=(
            *_who(person, on),
            ("科室", place.department.name),
            ("就诊时间", format_instant(place.booking.starts_at, ZH)),
        ),
        parts=tuple(part for part in parts if part.text),
        signed=(
            ("医生", f"{place.doctor.name} {place.doctor.title}"),
            ("签名时间", format_instant(note.signed_at, ZH)),
            ("签名摘要", note.digest),
        ),
    )


def _report_paper(row: Report, hospital_name: str, person: Person) -> PaperContent:
    told, on = told_in(row), hospital_day(row.taken_at)
    parts = []
    if told.lines:
        rows = tuple(
            (line.name, line.value, line.unit, line.reference, FLAGS[line.flag][0]) for line in told.lines
        )
        marked = tuple(place for place, line in enumerate(told.lines) if line.flag in OUT_OF_RANGE)
        columns = ("项目", "结果", "单位", "参考范围", "提示")
        parts.append(Part(heading="检验结果", table=Table(columns=columns, rows=rows, marked=marked)))
    if told.conclusion:
        parts.append(Part(heading="结论", text=told.conclusion))
    badge = REPORT_BADGES.get(row.status)
    return PaperContent(
        title=told.title,
        hospital=hospital_name,
        number=on.isoformat(),
        on=on,
        facts=(
            *_who(person, on),
            ("类别", REPORT_KINDS[row.kind]),
            ("采集或检查时间", format_instant(told.taken_at, ZH)),
            ("报告时间", format_instant(told.reported_at, ZH)),
            *((("状态", badge[1]),) if badge else ()),
        ),
        parts=tuple(parts),
        signed=(("报告科室", told.performer),) if told.performer else (),
    )


def _who(person: Person, on: date) -> tuple[tuple[str, str], ...]:
    return (
        ("姓名", person.name),
        ("性别", SEX_LABELS[person.sex]),
        ("年龄", f"{completed_years(person.birth_date, on)}岁"),
        ("证件", mask_number(person.document_number)),
    )


#: Low to high; features above contribute theirs.
SOURCES = (NoteSource(), ReportSource(), ReceiptSource())
