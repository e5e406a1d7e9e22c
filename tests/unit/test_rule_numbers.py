"""Each rule's number as the requirement has it, under the rule's own id: `pytest -k GS06` meets it.

Written a second time and never read from the rulebook, so that a changed number fails here and is decided
anew, in the rule's text first. What the numbers do is tested where the rules are.
"""

from datetime import time, timedelta
from importlib import import_module
from typing import Any

import pytest

from telehealth.rulebook.rules import form, sample_policy

#: (rules, field, value as JSON carries it). Every field of the rulebook stands here.
RULEBOOK: list[tuple[str, str, Any]] = [
    ("XY01", "eligibility.min_age_years", 6),
    ("XY01", "eligibility.leap_birthday", "mar_1"),
    ("XY02", "eligibility.offline_visit_window_months", 6),
    ("XY03", "eligibility.visit_kinds_that_count", ["outpatient"]),
    ("XY03", "eligibility.same_hospital_only", True),
    ("XY03", "eligibility.campuses_share_records", True),
    ("XY04", "eligibility.require_stable_declaration", True),
    ("XY04 XY05", "eligibility.excluded_conditions", ["emergency", "critical", "first_visit"]),
    ("XY17", "eligibility.guardian_required_under", 18),
    ("XY17", "eligibility.separate_consent_under", 14),
    ("XY24", "booking.hold_minutes", 15),
    ("XY24", "booking.hold_minutes_assisted", 30),
    ("XY24", "booking.pending_verification_minutes", 60),
    ("SJ06", "booking.free_cancel_days_before", 0),
    ("SJ06", "booking.cancel_refund_bp", 10_000),
    ("SJ06", "booking.on_day_unattended_cancel", "full_refund"),
    ("SJ02", "booking.card_link_required_offline", False),
    ("SJ04", "schedule.internet_online_bp", 10_000),
    ("SJ04", "schedule.offline_online_bp", 2000),
    ("SJ04", "schedule.offline_online_minimum", 0),
    ("SJ05", "schedule.offline_phone_bp", 3000),
    ("SJ04", "schedule.release_unused_share", False),
    ("SJ04", "schedule.release_days_before", 1),
    ("SJ04", "schedule.release_time", "18:00:00"),
    ("XY20", "schedule.horizon_days", 14),
    ("XY20", "schedule.slot_minutes", 15),
    ("XY20", "schedule.morning_starts", "08:00:00"),
    ("XY20", "schedule.morning_ends", "12:00:00"),
    ("XY20", "schedule.afternoon_starts", "13:00:00"),
    ("XY20", "schedule.afternoon_ends", "17:00:00"),
    ("XY20", "schedule.evening_starts", "18:00:00"),
    ("XY20", "schedule.evening_ends", "21:00:00"),
    ("SJ07", "strikes.limit", 3),
    ("SJ08", "strikes.ban_months", 3),
    ("SJ09", "strikes.window_months", 12),
    ("SJ08", "strikes.banned_channels", ["online"]),
    ("SJ07", "strikes.rings_before_absent", 2),
    ("SJ07", "strikes.reminders_before_absent", 1),
    ("XY13", "unattended.call_seconds", 30),
    ("XY12", "unattended.refund_bp", 10_000),
    ("XY12", "unattended.refund_submit_minutes", 10),
    ("XY13", "unattended.unfinished_after_days", 1),
    ("REG20", "prescription.valid_days_default", 1),
    ("REG20", "prescription.valid_days_max", 3),
    ("XY30 REG20", "prescription.valid_days_online", 3),
    ("XY30", "prescription.payment_deadline_days", 3),
    ("REG21", "prescription.general_max_days", 7),
    ("REG21", "prescription.emergency_max_days", 3),
    ("REG22", "prescription.long_rx_days", 28),
    ("REG22", "prescription.long_rx_max_days", 84),
    ("REG26", "prescription.max_items_western_patent", 5),
    ("REG26", "prescription.herb_sheet_separate", True),
    ("REG35", "prescription.herb_order", "jun-chen-zuo-shi"),
    ("REG19", "prescription.pharmacist_review_required", True),
    ("REG18", "prescription.ai_may_draft", False),
    (
        "REG23",
        "prescription.long_rx_excluded",
        [
            "toxic",
            "radioactive",
            "precursor",
            "narcotic",
            "psychotropic",
            "biologic",
            "antibacterial",
            "special_storage",
        ],
    ),
    (
        "REG33",
        "prescription.never_online",
        ["narcotic", "psychotropic_1", "psychotropic_2", "toxic_raw", "radioactive"],
    ),
    ("XY30", "prescription.reminder_time", "10:00:00"),
    ("REG19", "dispensing.review_minutes", 30),
    ("XY29", "dispensing.answer_minutes", 120),
    ("PAIN13", "dispensing.pack_hours", 24),
    ("PAIN13", "dispensing.decoct_hours", 48),
    ("PAIN13", "dispensing.claim_minutes", 60),
    ("REG31", "dispensing.lone_duty_pause_minutes", 5),
    ("REG31", "dispensing.expiry_margin_days", 30),
    ("XY32", "dispensing.code_tries", 5),
    ("XY32", "dispensing.code_lock_minutes", 15),
    ("REG42", "dispensing.network_retail_limits", True),
    ("XY31 REG46", "dispensing.carriers", ["sf"]),
    ("GS12", "family.enabled", True),
    ("GS12", "family.opens_on", "2026-05-31"),
    ("GS06", "family.max_bindings_per_user_per_month", 5),
    ("GS07", "family.max_bindings_per_member_per_month", 2),
    ("GS04", "family.face_from_age", 16),
    ("GS05", "family.face_alternative_required", True),
    ("GS03", "family.review_working_days", 2),
    ("GS06", "family.request_days", 7),
    ("GS03", "family.papers_kept_days", 30),
    ("GS02", "family.payment_check_minutes", 10),
    ("GS08", "family.unbind", "either_side"),
    ("GS10", "family.excluded_insurance_categories", ["chronic_disease", "maternity", "work_injury"]),
    ("XY07 XY10", "insurance.online_split_regions", ["beijing"]),
    ("XY07 XY08", "insurance.online_split_lines", ["consult_fee"]),
    ("XY09", "insurance.offline_reimbursement_days", 3),
    ("XY09", "insurance.reimbursement_reminder_time", "10:00:00"),
    ("GS10", "insurance.excluded_category_consult_fee", "self_pay_with_warning"),
    ("GD03", "insurance.detail_notice_seconds", 60),
    ("XY33 REG20", "outpatient.bill_sheet_days", 3),
    ("BJ07", "outpatient.bill_pay_minutes", 30),
    ("REG49", "retention_years.outpatient_record", 15),
    ("REG50", "retention_years.chat_audio_video", 3),
    ("REG51", "retention_years.mental_health_record", 30),
    ("REG52", "retention_years.rx_general", 1),
    ("REG52", "retention_years.rx_toxic_or_psy2", 2),
    ("REG52", "retention_years.rx_narcotic_psy1", 3),
    ("REG44", "retention_years.pharmacy_online_rx", 5),
    ("REG12 REG65", "retention_years.network_log_months", 6),
    ("REG61", "retention_years.pia_report", 3),
    ("REG66", "retention_years.e_signature_cert_after_expiry", 5),
    ("GD12", "ratings.stars", 5),
    ("GD12", "ratings.window_days", 14),
    ("GD12", "ratings.edit_hours", 24),
    ("GD12", "ratings.one_per_consultation", True),
    ("GD12", "ratings.shown_from", 10),
    ("GD12", "ratings.batch", 5),
    ("REG68", "complaints.first_reply_hours", 24),
    ("REG68", "complaints.answer_working_days", 5),
    ("REG68", "complaints.reopen_days", 15),
    ("REG68", "complaints.longest_text", 2000),
    ("REG68", "complaints.most_photos", 6),
    ("REG68", "complaints.most_open", 10),
    ("REG68", "complaints.supervision_phone", "12345"),
    ("REG69", "reactions.severe_hours", 2),
    ("REG69", "reactions.assess_hours", 24),
    ("REG69", "reactions.longest_text", 2000),
    ("GD07", "queue.reminder_positions", [3, 1]),
    ("GD07", "queue.requeue_after_patients", 2),
    ("GD07", "queue.missed_calls_forgiven", 1),
    ("GD07", "queue.check_in_minutes", 60),
    ("XY23", "intake.max_photos", 9),
    ("XY23", "intake.max_upload_mb", 10),
    ("XY04", "intake.emergency_number", "120"),
    ("XY04", "intake.crisis_line", "12356"),
    ("GD08", "records.share_days", [1, 3, 7, 30]),
    ("GD08", "records.shares_most", 20),
    ("GD08", "records.share_code_tries", 5),
    ("GD08", "records.history_months", 36),
    ("GD08", "records.refresh_minutes", 30),
    ("REG60", "records.export_days", 3),
    ("REG60", "records.request_answer_days", 15),
    ("REG50", "room.record_calls", True),
    (
        "XY13",
        "room.quick_replies",
        ["请补充目前用药情况", "是否有药物过敏", "请上传近期检验报告", "建议线下面诊", "一周后复诊"],
    ),
    ("XY13", "room.note_min_chars", 10),
    ("XY12", "room.nudge_again_minutes", 15),
    ("XY12", "room.evening_nudge", "20:00:00"),
    ("XY12", "room.last_nudge", "22:30:00"),
    ("XY25", "room.helpers_most", 1),
    ("GD20", "work.alarm_minutes", 5),
    ("GS03 XY17", "work.identity_review_hours", 24),
    ("SJ09", "work.appeal_hours", 72),
    ("GD05", "work.refund_decision_hours", 24),
    ("GD06", "work.difference_hours", 48),
    ("XY20", "work.credential_notice_days", 30),
    ("GD20", "work.clinic_gap_days", 7),
    ("GD20", "work.calendar_notice_days", 60),
    ("GD20", "work.draft_days", 7),
    ("GD20", "work.initial_password_days", 3),
    ("GD20", "work.parked_job_hours", 24),
    ("GD17", "reporting.smallest_count", 10),
    ("GD20", "reporting.overturned_days", 7),
    ("GD20", "reporting.rejoin_minutes", 5),
]

#: Numbers a hospital may not change: the law's, a supplier's, or what keeps the house safe.
FIXED: list[tuple[str, str, Any]] = [
    ("XY15", "telehealth.accounts.handing_over:LASTS", timedelta(seconds=60)),
    ("XY16", "telehealth.accounts.rules:CODE_LASTS", timedelta(minutes=5)),
    ("XY16", "telehealth.accounts.rules:CODE_TRIES", 5),
    ("XY16", "telehealth.accounts.rules:CODE_GAP", timedelta(seconds=60)),
    ("XY16", "telehealth.accounts.rules:CODES_A_DAY", 10),
    ("XY16", "telehealth.accounts.doors:CODES_BY_PHONE", "5/10 minutes"),
    ("XY16", "telehealth.accounts.doors:TRIES_BY_PHONE", "20/10 minutes"),
    ("XY17", "telehealth.patients.adding:MOST_PEOPLE", 12),
    ("XY17", "telehealth.patients.doors:GUESSES", "20/hour"),
    ("XY17", "telehealth.patients.doors:MESSAGES", "10/hour"),
    ("BJ07", "telehealth.outpatient.asking:FRESH", timedelta(seconds=60)),
    ("GD05", "telehealth.payments.rules:CASH_BACK_WORKING_DAYS", 3),
    ("GD05", "telehealth.payments.rules:INSURED_BACK_WORKING_DAYS", 7),
    ("GD12", "telehealth.ratings.rules:LONGEST_WORDS", 500),
    ("GD19", "telehealth.reporting.daily:REPORT_AT", time(0, 30)),
    ("GD19", "telehealth.reporting.daily:CATCH_UP", 31),
    ("GS03", "telehealth.family.attaching:MOST_PAPERS", 6),
    ("GS11", "telehealth.insurance.enquiring:LOOKED_BACK", timedelta(days=365)),
    ("REG6", "telehealth.accounts.stepping_up:FRESH_FOR", timedelta(minutes=30)),
    ("REG12", "telehealth.accounts.rules:TOTP_STEP_S", 30),
    ("REG12", "telehealth.accounts.rules:TOTP_TRIES", 5),
    ("REG12", "telehealth.accounts.rules:TOTP_LOCKED_FOR", timedelta(minutes=15)),
    ("REG12", "telehealth.accounts.rules:PASSWORD_SHORTEST", 10),
    ("REG60", "telehealth.records.exporting:UNLOCKED_FOR", timedelta(minutes=10)),
    ("REG63", "telehealth.patients.adapters.faceid:SAME_PERSON", 70.0),
    ("REG68", "telehealth.complaints.rules:LONGEST", 20_000),
]


def _named(rows: list[tuple[str, str, Any]]) -> list[Any]:
    """As parameters whose id begins with the rules: `-k GS06` finds them."""
    return [
        pytest.param(path, number, id=f"{rules}-{path}".replace(" ", "_")) for rules, path, number in rows
    ]


@pytest.mark.parametrize(("path", "number"), _named(RULEBOOK))
def test_the_sample_policy_holds_the_number_of_the_requirement(path: str, number: object) -> None:
    section, name = path.split(".")
    assert sample_policy().model_dump(mode="json")[section][name] == number


@pytest.mark.parametrize(("place", "number"), _named(FIXED))
def test_what_no_hospital_changes_is_the_number_of_the_requirement(place: str, number: object) -> None:
    module, name = place.split(":")
    assert getattr(import_module(module), name) == number


def test_every_number_of_the_rulebook_stands_here_under_its_rule() -> None:
    told = {path: set(rules.split()) for rules, path, _ in RULEBOOK}
    sources = {
        field.path: set(field.source.split()) for section in form(sample_policy()) for field in section.fields
    }
    assert told.keys() == sources.keys()
    assert [path for path, rules in sources.items() if not rules or not rules <= told[path]] == []
