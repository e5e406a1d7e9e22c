from prescriptions import models
from prescriptions.events import (
    DispatchUndone,
    MedicineDispensed,
    PrescriptionEnded,
    PrescriptionPassed,
    PrescriptionSigned,
)
from prescriptions.formulary import accepting as formulary_accepting
from prescriptions.formulary import api as formulary_api
from prescriptions.formulary import importing as formulary_importing
from prescriptions.formulary import models as formulary_models
from prescriptions.formulary import pages as formulary_pages
from prescriptions.formulary.audit_words import WORDS as FORMULARY_WORDS
from prescriptions.patient import api as patient_api
from prescriptions.patient import desk_pages, ordering, pricing, public_pages
from prescriptions.patient import pages as patient_pages
from prescriptions.patient.audit_words import WORDS as PATIENT_WORDS
from prescriptions.patient.contributing import booking_actions, me_links
from prescriptions.patient.contributing_consents import DeliveryConsents
from prescriptions.patient.papering import SheetSource
from prescriptions.pharmacy import api as pharmacy_api
from prescriptions.pharmacy import callback_pages as courier_callbacks
from prescriptions.pharmacy import desk_pages as recall_pages
from prescriptions.pharmacy import jobs as pharmacy_jobs
from prescriptions.pharmacy import models as pharmacy_models
from prescriptions.pharmacy import pages as pharmacy_pages
from prescriptions.pharmacy.audit_words import WORDS as PHARMACY_WORDS
from prescriptions.pharmacy.contributing import worklist as pharmacy_worklist
from prescriptions.pharmacy.measuring import MEASURING
from prescriptions.reactions import api as reactions_api
from prescriptions.reactions import models as reactions_models
from prescriptions.reactions import pages as reactions_pages
from prescriptions.reactions import reporting as reactions_reporting
from prescriptions.reactions.audit_words import WORDS as REACTIONS_WORDS
from prescriptions.reactions.contributing import TOPIC as REACTION_TOPIC
from prescriptions.reactions.contributing import worklist as reactions_worklist
from prescriptions.reactions.events import ReactionOverdue, ReactionReported
from prescriptions.records import RESOURCES
from prescriptions.reviewing import api as reviewing_api
from prescriptions.reviewing import models as reviewing_models
from prescriptions.reviewing import pages as reviewing_pages
from prescriptions.reviewing import watching
from prescriptions.reviewing.audit_words import WORDS as REVIEWING_WORDS
from prescriptions.reviewing.contributing import worklist as reviewing_worklist
from prescriptions.reviewing.telling import tell_of_reaction
from prescriptions.samples import open_sample_pharmacies
from prescriptions.scenes import play_scene
from prescriptions.settling import charging, earning, expiring, leaving_helper, opening, undoing
from prescriptions.settling import models as settling_models
from prescriptions.settling.audit_words import WORDS as SETTLING_WORDS
from prescriptions.stock import api as stock_api
from prescriptions.stock import models as stock_models
from prescriptions.stock import reserving, stock_pages
from prescriptions.stock.audit_words import WORDS as STOCK_WORDS
from prescriptions.stock.retiring import retire_lots
from prescriptions.writing import api as writing_api
from prescriptions.writing import pages as writing_pages
from prescriptions.writing import revising, signing, standing, tooling
from prescriptions.writing.audit_words import WORDS as WRITING_WORDS
from telehealth.consultations.events import WithdrawalAsked
from telehealth.core.access import Permission
from telehealth.core.deadlines import DeadlineKind
from telehealth.core.feature import Feature, Periodic, RailLink
from telehealth.core.i18n import N_

__all__ = [
    "feature", "formulary_models", "models", "pharmacy_models", "reactions_models", "reviewing_models",
    "settling_models",
    "stock_models",
]  # fmt: skip
from telehealth.patients import LinkEnded

AUDIT_WORDS = (
    FORMULARY_WORDS,
    PATIENT_WORDS,
    PHARMACY_WORDS,
    REACTIONS_WORDS,
    REVIEWING_WORDS,
    SETTLING_WORDS,
    STOCK_WORDS,
    WRITING_WORDS,
)

feature = Feature(
    name="prescriptions",
    api=(
        *formulary_api.routes,
        *writing_api.routes,
        *reviewing_api.routes,
        *reactions_api.routes,
        *patient_api.routes,
        *pharmacy_api.routes,
        *stock_api.routes,
    ),
    pages=(
        *formulary_pages.routes,
        *writing_pages.routes,
        *reviewing_pages.routes,
        *reactions_pages.routes,
        *patient_pages.routes,
        *desk_pages.routes,
        *public_pages.routes,
        *pharmacy_pages.routes,
        *recall_pages.routes,
        *stock_pages.routes,
        *courier_callbacks.routes,
    ),
    templates="prescriptions",
    rail=(
        RailLink("/staff/reviews", "clipboard-check", N_("审方"), Permission.REVIEW_PRESCRIPTIONS, 12),
        RailLink("/staff/reactions", "activity", N_("用药不适"), Permission.REVIEW_PRESCRIPTIONS, 13),
        RailLink("/staff/dispatch", "package", N_("配药台"), Permission.DISPENSE, 14),
        RailLink("/staff/stock", "boxes", N_("库存"), Permission.MANAGE_STOCK, 16),
        RailLink("/admin/pharmacies", "store", N_("药房人员"), Permission.MANAGE_STAFF, 206),
        RailLink(desk_pages.DESK, "scan-line", N_("处方缴费"), Permission.COLLECT_PRESCRIPTIONS, 36),
        RailLink(desk_pages.REFUNDS, "undo-2", N_("药费退款"), Permission.MANAGE_REFUNDS, 66),
        RailLink("/admin/formulary", "pill", N_("药品目录"), Permission.MANAGE_FORMULARY, 205),
    ),
    tasks=(*pharmacy_jobs.tasks, tell_of_reaction, formulary_importing.read_import),
    periodic=(
        Periodic("prescriptions.retire_lots", 3600, retire_lots),
        Periodic("prescriptions.sweep_imports", 3600, formulary_accepting.sweep_files),
        *pharmacy_jobs.periodic,
    ),
    deadlines=(
        DeadlineKind(opening.EXPIRY, expiring.expire),
        DeadlineKind(opening.REMINDER, opening.remind),
        DeadlineKind(signing.UNANSWERED, revising.give_up),
        DeadlineKind(watching.LATE, watching.alarm),
        DeadlineKind(reactions_reporting.LATE, reactions_reporting.is_late),
        *pharmacy_jobs.deadlines,
    ),
    subscriptions=(
        (WithdrawalAsked, standing.on_withdrawal_asked),
        (PrescriptionSigned, watching.on_signed),
        (ReactionReported, watching.on_reaction),
        (ReactionOverdue, watching.on_reaction_overdue),
        (PrescriptionSigned, opening.on_signed),
        (PrescriptionPassed, opening.on_passed),
        (PrescriptionEnded, expiring.on_ended),
        (PrescriptionEnded, reserving.on_ended),
        (DispatchUndone, undoing.on_undone),
        (MedicineDispensed, earning.on_dispensed),
        (LinkEnded, leaving_helper.on_link_ended),
        *pharmacy_jobs.subscriptions,
    ),
    contributions=(
        *(("audit_words", words) for words in AUDIT_WORDS),
        ("metrics", MEASURING),
        ("consents", DeliveryConsents()),
        ("demo_opening", open_sample_pharmacies),
        ("demo_scene", play_scene),
        ("fhir", RESOURCES),
        ("orders", ordering.SOURCE),
        ("refund_tables", pricing.TABLE),
        ("me", me_links),
        ("booking_actions", booking_actions),
        ("pay_subject", charging.pay_subject),
        ("record_papers", SheetSource()),
        ("room_tools", tooling.room_tools),
        ("worklist", reviewing_worklist),
        ("worklist", reactions_worklist),
        ("complaint_topic", REACTION_TOPIC),
        ("worklist", pharmacy_worklist),
        ("worklist", tooling.worklist),
    ),
)
