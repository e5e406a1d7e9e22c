"""JSON routes of the pharmacist."""

from uuid import UUID

from starlette.requests import Request
from starlette.routing import Route

from prescriptions.errors import ChecksFailed, PrescriptionNotFound
from prescriptions.formulary import NoFormulary
from prescriptions.reviewing import answering, planning, queries
from prescriptions.reviewing.errors import (
    DutyNotFound,
    DutyRefused,
    IssueOutdated,
    LinesNotAcknowledged,
    NotUnderReview,
    OwnSheet,
    ReasonNeeded,
    SheetDiffers,
)
from prescriptions.reviewing.presenting import look
from prescriptions.reviewing.schemas import (
    AnswerBody,
    DutyView,
    FindingView,
    PassBody,
    PharmacistView,
    PlanDuty,
    ReviewedView,
    RosterView,
    SheetView,
    WaitingView,
)
from prescriptions.safety.wording import say
from prescriptions.sheet.errors import (
    CertificateExpired,
    CertificateMissing,
    CertificateNotYetValid,
    CertificateRevoked,
    SignerUnavailable,
    StampUnavailable,
)
from prescriptions.sheet.wording import sheet_words
from prescriptions.stock import OutOfStock
from prescriptions.writing.api import press_of
from telehealth.accounts import StepUpNeeded
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.web.contract import operation
from telehealth.web.preferences import language

NEEDS = Permission.REVIEW_PRESCRIPTIONS
_SIGNING = (
    CertificateMissing, CertificateNotYetValid, CertificateExpired, CertificateRevoked, SignerUnavailable,
    StampUnavailable, BlobsDown,
)  # fmt: skip


@operation(needs=NEEDS)
async def list_reviews(unit: Unit) -> list[WaitingView]:
    """Signed sheets of the hospital, the oldest promise first."""
    return [WaitingView.of(rx) for rx in await queries.waiting(unit, unit.actor.hospital)]


@operation(needs=NEEDS, raises=(PrescriptionNotFound, NoFormulary))
async def show_review(request: Request, units: Units, actor: Actor, prescription_id: UUID) -> SheetView:
    """The sheet as it was signed, the checks run again, and what else the patient takes."""
    found = await look(units, actor, prescription_id)
    words = sheet_words(found.content)
    lang = language(request)
    findings = found.checked.verdict.findings if found.checked else ()
    return SheetView(
        id=found.rx.id,
        number=found.rx.number,
        issue=found.rx.issue,
        state=str(found.rx.state),
        lines=[*words["lines"], *words["herbs"]],
        findings=[
            FindingView(
                code=str(each.code), severity=str(each.severity), title=said.title, why=said.why,
                lines=[place + 1 for place in each.items],
            )
            for each, said in ((each, say(each, found.book, lang)) for each in findings)
        ],
        in_use=[one.name for one in found.active.taken],
        foreign_known=found.active.foreign_known,
    )  # fmt: skip


@operation(
    needs=NEEDS,
    raises=(
        PrescriptionNotFound, OwnSheet, NotUnderReview, IssueOutdated, StepUpNeeded, LinesNotAcknowledged,
        ChecksFailed, SheetDiffers, OutOfStock, *_SIGNING,
    ),
    limit="60/minute",
)  # fmt: skip
async def pass_prescription(
    request: Request, units: Units, actor: Actor, prescription_id: UUID, body: PassBody
) -> ReviewedView:
    """The second signature; stock is reserved and the patient may pay."""
    passed = await answering.pass_sheet(
        units, actor, prescription_id,
        issue=body.issue, acknowledged=set(body.acknowledged), press=press_of(request),
    )  # fmt: skip
    return ReviewedView.of(passed)


@operation(
    needs=NEEDS,
    raises=(PrescriptionNotFound, OwnSheet, NotUnderReview, IssueOutdated, ReasonNeeded),
    limit="60/minute",
)
async def return_prescription(unit: Unit, prescription_id: UUID, body: AnswerBody) -> ReviewedView:
    """Back to its doctor with a reason."""
    return ReviewedView.of(
        await answering.return_sheet(unit, prescription_id, issue=body.issue, reason=body.reason)
    )


@operation(
    needs=NEEDS,
    raises=(PrescriptionNotFound, OwnSheet, NotUnderReview, IssueOutdated, ReasonNeeded),
    limit="60/minute",
)
async def refuse_prescription(unit: Unit, prescription_id: UUID, body: AnswerBody) -> ReviewedView:
    """It will not be dispensed."""
    return ReviewedView.of(
        await answering.refuse_sheet(unit, prescription_id, issue=body.issue, reason=body.reason)
    )


@operation(needs=NEEDS)
async def list_duties(unit: Unit) -> RosterView:
    """Who is there to review, from now on."""
    rows = await planning.duties(unit, unit.actor.hospital, until=unit.now + planning.SHOWN)
    people = await planning.pharmacists(unit)
    return RosterView(
        duties=[DutyView.of(row) for row in rows], pharmacists=[PharmacistView.of(row) for row in people]
    )


@operation(needs=NEEDS, status=201, raises=(DutyRefused,))
async def plan_duty(unit: Unit, body: PlanDuty) -> DutyView:
    """One stretch of duty; the same one again is the one that is there."""
    if body.account_id not in {row.account_id for row in await planning.pharmacists(unit)}:
        raise FieldsInvalid({"account_id": N_("请选择药师")})
    return DutyView.of(
        await planning.plan_duty(
            unit, unit.actor.hospital, body.account_id, starts_at=body.starts_at, ends_at=body.ends_at
        )
    )


@operation(needs=NEEDS, status=204, raises=(DutyNotFound,))
async def drop_duty(unit: Unit, duty_id: UUID) -> None:
    """Nobody is there then, unless another stretch says so."""
    await planning.drop_duty(unit, duty_id)


routes = [
    Route("/duties", list_duties),
    Route("/duties", plan_duty, methods=["POST"]),
    Route("/duties/{duty_id:uuid}", drop_duty, methods=["DELETE"]),
    Route("/reviews", list_reviews),
    Route("/reviews/{prescription_id:uuid}", show_review),
    Route("/reviews/{prescription_id:uuid}/passing", pass_prescription, methods=["POST"]),
    Route("/reviews/{prescription_id:uuid}/return", return_prescription, methods=["POST"]),
    Route("/reviews/{prescription_id:uuid}/refusal", refuse_prescription, methods=["POST"]),
]
