"""What is promised with a sheet, from the pharmacist's answer to the medicine in hand: no database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prescriptions.patient.stages import Stage
from prescriptions.states import Path
from telehealth.core.i18n import N_
from telehealth.core.promises import Owner, Promise, promise

S = Stage
_ENDED_UNPAID = frozenset({S.REFUSED, S.VOIDED})
_BEFORE_REVIEW = frozenset({S.REVIEWING, S.WITH_DOCTOR})
_UNDONE = frozenset({S.UNDONE, S.ABANDONED, S.GIVEN_UP, S.CANCELLING})
_TROUBLE = frozenset({S.PARCEL_TROUBLE, S.PARCEL_BACK})


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """One sheet as its promises need it."""

    stage: Stage
    path: Path | None
    total: int
    #: Whoever acts next on an unanswered sheet does it by then.
    answer_by: datetime | None
    #: A pharmacist was to answer by then: the signing, and the minutes of the rulebook.
    review_by: datetime | None
    reviewed_at: datetime | None
    pay_by: datetime | None
    paid_at: datetime | None
    promised_at: datetime | None
    packed_at: datetime | None
    handed_at: datetime | None
    received_at: datetime | None
    needs_decocting: bool
    #: The pharmacy's time ran out, and the house gave the money back by itself.
    was_not_packed: bool


def sheet_promises(sheet: SheetFacts, now: datetime) -> list[Promise]:
    """In the order of time. What does not apply any more is left out."""
    return [
        *_mended(sheet, now),
        *_reviewed(sheet, now),
        *_paid(sheet, now),
        *_packed(sheet, now),
        *_handed(sheet, now),
    ]


def _mended(sheet: SheetFacts, now: datetime) -> Iterator[Promise]:
    if sheet.stage is S.WITH_DOCTOR:
        yield promise(
            "mend", Owner.DOCTOR, N_("医生按药师的意见修改处方"), now, due_at=sheet.answer_by,
            otherwise=N_("仍未改好的，处方作废，没有收取费用"),
        )  # fmt: skip


def _reviewed(sheet: SheetFacts, now: datetime) -> Iterator[Promise]:
    is_open = sheet.stage in _BEFORE_REVIEW
    if sheet.stage is S.VOIDED and sheet.reviewed_at is None:
        return
    yield promise(
        "review", Owner.PHARMACIST, N_("药师审核处方并答复"), now,
        due_at=sheet.answer_by if sheet.stage is S.REVIEWING else None if is_open else sheet.review_by,
        kept_at=None if is_open else sheet.reviewed_at,
        is_missed=sheet.stage is S.EXPIRED and sheet.reviewed_at is None,
        has_begun=sheet.stage is S.REVIEWING,
        otherwise=N_("超时会提醒全体值班药师，处方继续排在最前面，不收费"),
    )  # fmt: skip


def _paid(sheet: SheetFacts, now: datetime) -> Iterator[Promise]:
    if sheet.stage in _ENDED_UNPAID or (sheet.stage is S.EXPIRED and sheet.reviewed_at is None):
        return
    title = N_("到医院窗口缴费") if sheet.path is Path.WINDOW else N_("选择取药方式并缴费")
    yield promise(
        "pay", Owner.PATIENT, title, now,
        due_at=sheet.pay_by, kept_at=sheet.paid_at, is_missed=sheet.stage is S.EXPIRED,
        has_begun=sheet.stage not in _BEFORE_REVIEW,
        otherwise=N_("到期没有缴费的，处方失效，不收费；需要时可再请医生续方"), amount=sheet.total,
    )  # fmt: skip


def _packed(sheet: SheetFacts, now: datetime) -> Iterator[Promise]:
    gave_up = sheet.stage in _UNDONE and sheet.packed_at is None and not sheet.was_not_packed
    if sheet.stage in _ENDED_UNPAID or sheet.stage is S.EXPIRED or gave_up:
        return
    decocts = sheet.needs_decocting
    yield promise(
        "pack", Owner.PHARMACY, N_("药房配药、代煎并打包") if decocts else N_("药房配药、复核并打包"), now,
        due_at=sheet.promised_at, kept_at=sheet.packed_at, is_missed=sheet.was_not_packed,
        has_begun=sheet.paid_at is not None,
        otherwise=N_("超时没有配好的，由医院核定退费，结果会通知您") if decocts
        else N_("超时没有配好的，药费自动全额退回，无需申请"),
    )  # fmt: skip


def _handed(sheet: SheetFacts, now: datetime) -> Iterator[Promise]:
    over = sheet.stage in _UNDONE or sheet.stage in _ENDED_UNPAID or sheet.stage is S.EXPIRED
    if over and sheet.handed_at is None:
        return
    if sheet.path is Path.WINDOW:
        yield promise(
            "collect", Owner.PATIENT, N_("凭取药码到窗口取药"), now,
            kept_at=sheet.handed_at, has_begun=sheet.packed_at is not None,
            otherwise=N_("药会为您留着，请尽快来取"),
        )  # fmt: skip
    elif sheet.path is Path.COURIER:
        yield promise(
            "leave", Owner.COURIER, N_("快递员揽收，包裹离开药房"), now,
            kept_at=sheet.handed_at, has_begun=sheet.packed_at is not None,
            otherwise=N_("迟迟没有揽收的，药房会联系快递公司"),
        )  # fmt: skip
        yield promise(
            "deliver", Owner.PHARMACY if sheet.stage in _TROUBLE else Owner.COURIER, N_("送到您手上"), now,
            kept_at=sheet.received_at, has_begun=sheet.handed_at is not None,
            otherwise=N_("丢失或破损的，药费全额退回；联系不上或退回的，药房会联系您"),
        )  # fmt: skip
