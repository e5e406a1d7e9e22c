"""JSON routes of the family account. What is not one's own is a 404."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from telehealth.accounts import CodeBurned, CodeExpired, CodeNotSent, CodesUsedUp, CodeTooSoon, CodeWrong
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobsDown
from telehealth.core.errors import Busy, FieldsInvalid, TransitionRefused
from telehealth.core.keeping import REFUSALS, OfferView
from telehealth.core.unit import Unit, Units
from telehealth.core.uploads import UploadTooLarge
from telehealth.directory import HospitalNotFound
from telehealth.family import (
    attaching,
    ending,
    listing,
    proving,
    queries,
    requesting,
    reviewing,
    viewing,
)
from telehealth.family.attaching import AnnouncedPaper
from telehealth.family.doors import GUESSES, MESSAGES, face_return
from telehealth.family.errors import (
    AlreadyBound,
    AlreadyDecided,
    BankCardMismatch,
    BindingNotFound,
    FamilyClosed,
    MemberMonthFull,
    MemberUnverified,
    MonthFull,
    NotARelative,
    PaperNotFound,
    PapersMissing,
    PayerUnknown,
    TooManyPapers,
    WayClosed,
)
from telehealth.family.models import Binding
from telehealth.family.schemas import (
    AgreeDetails,
    BindingReviewView,
    BindingView,
    CheckBankCard,
    CodeSentView,
    FaceStartView,
    FamilyView,
    GiveMemberCode,
    PaperView,
    PayerView,
    RefuseBinding,
    RequestBinding,
    StartMemberFace,
    ThumbnailWanted,
)
from telehealth.patients import LinkPending, PersonNotFound
from telehealth.patients.errors import (
    FaceCheckNotFound,
    FaceFailed,
    FaceNotPossible,
    FacePending,
    IdentityMismatch,
    IdentityQuotaSpent,
    IdentityUnavailable,
)
from telehealth.web.contract import operation
from telehealth.web.openapi import PREFIX

P = Permission


@operation(needs=P.MANAGE_PEOPLE)
async def show_family(unit: Unit, actor: Actor) -> FamilyView:
    """Members and requests of this account, who may pay for its holder, and how many may still be bound."""
    found = await listing.family_of(unit, actor)
    members = [BindingView.of(await listing.look(unit, row)) for row in found.bindings]
    payers = [
        PayerView.of(row, details_agreed=await viewing.details_agreed(unit, row.link_id))
        for row in found.payers
    ]
    return FamilyView.of(found, members, payers)


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit=GUESSES,
    raises=(
        FieldsInvalid, PersonNotFound, LinkPending, HospitalNotFound, FamilyClosed, NotARelative,
        PayerUnknown, MemberUnverified, AlreadyBound, MonthFull, MemberMonthFull,
    ),
)  # fmt: skip
async def request_binding(units: Units, actor: Actor, body: RequestBinding) -> BindingView:
    """Ask to bind a relative. The request holds its place of the month until it is proved or ends."""
    binding = await requesting.request(units, actor, body.wanted())
    return await _view(units, actor, binding.id)


@operation(needs=P.MANAGE_PEOPLE, raises=(BindingNotFound,))
async def show_binding(units: Units, actor: Actor, binding_id: UUID) -> BindingView:
    return await _view(units, actor, binding_id)


@operation(needs=P.MANAGE_PEOPLE, raises=(BindingNotFound, AlreadyDecided))
async def withdraw_binding_request(units: Units, actor: Actor, binding_id: UUID) -> BindingView:
    """Give a request up; its place of the month is free again."""
    await requesting.withdraw(units, actor, binding_id)
    return await _view(units, actor, binding_id)


@operation(needs=P.MANAGE_PEOPLE, raises=(BindingNotFound, AlreadyDecided))
async def unbind_family(units: Units, actor: Actor, binding_id: UUID) -> None:
    """Payer or member ends it alone, at once. What is authorised and not paid is revoked."""
    await ending.unbind(units, actor, binding_id)


@operation(needs=P.MANAGE_PEOPLE, raises=(BindingNotFound, AlreadyDecided))
async def agree_bill_details(units: Units, actor: Actor, binding_id: UUID, body: AgreeDetails) -> None:
    """The member lets the payer read names on the bills, or no longer."""
    await viewing.agree_details(units, actor, binding_id, agreed=body.agreed)


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit="60/minute",
    raises=(BindingNotFound, WayClosed, TooManyPapers, UploadTooLarge, BlobsDown),
)  # fmt: skip
async def offer_family_paper(units: Units, actor: Actor, binding_id: UUID, body: AnnouncedPaper) -> OfferView:
    """Where to send one photo or PDF of a paper; the address works for ten minutes."""
    row, made = await attaching.offer(units, actor, binding_id, body)
    return OfferView.of(row.id, made, finish_url=f"{PREFIX}/family/papers/{row.id}/finish")


@operation(
    needs=P.MANAGE_PEOPLE, limit="60/minute",
    raises=(PaperNotFound, WayClosed, TooManyPapers, TransitionRefused, *REFUSALS),
)  # fmt: skip
async def finish_family_paper(units: Units, actor: Actor, paper_id: UUID) -> PaperView:
    """Have the file that was sent looked at and kept."""
    return PaperView.of(await attaching.finish(units, actor, paper_id), PREFIX)


@operation(needs=P.MANAGE_PEOPLE, status=307, raises=(PaperNotFound, BlobsDown))
async def open_family_paper(units: Units, actor: Actor, paper_id: UUID, query: ThumbnailWanted) -> None:
    """Leads to an address that opens the file for five minutes."""
    url = await attaching.link_to(units, actor, paper_id, thumbnail=query.thumbnail)
    return RedirectResponse(url, 307, {"cache-control": "no-store"})  # type: ignore[return-value]


@operation(needs=P.MANAGE_PEOPLE, raises=(PaperNotFound, WayClosed))
async def remove_family_paper(unit: Unit, actor: Actor, paper_id: UUID) -> None:
    await attaching.remove(unit, actor, paper_id)


@operation(needs=P.MANAGE_PEOPLE, raises=(BindingNotFound, WayClosed, PapersMissing))
async def submit_family_papers(unit: Unit, actor: Actor, binding_id: UUID) -> BindingView:
    """Send the papers to the hospital. `answer_by` is its promise."""
    return BindingView.of(await listing.look(unit, await proving.submit_papers(unit, actor, binding_id)))


@operation(needs=P.MANAGE_PEOPLE, raises=(BindingNotFound, WayClosed))
async def choose_family_counter(unit: Unit, actor: Actor, binding_id: UUID) -> BindingView:
    """The member, or the papers, will come to the hospital's desk."""
    return BindingView.of(await listing.look(unit, await proving.choose_counter(unit, actor, binding_id)))


@operation(
    needs=P.MANAGE_PEOPLE, status=201, limit=GUESSES,
    raises=(
        FieldsInvalid, BindingNotFound, WayClosed, FaceNotPossible, IdentityMismatch, IdentityUnavailable,
        IdentityQuotaSpent, Busy,
    ),
)  # fmt: skip
async def start_member_face_check(
    request: Request, units: Units, actor: Actor, binding_id: UUID, body: StartMemberFace
) -> FaceStartView:
    """Begin a face check of the member, one of three ways from 16."""
    check_id, url = await proving.start_face(
        units, actor, binding_id, return_url=face_return(request, binding_id), agreed=body.agree_face
    )
    finish = f"{PREFIX}/family/bindings/{binding_id}/face-checks/{check_id}"
    return FaceStartView(id=check_id, url=url, finish_url=finish)


@operation(
    needs=P.MANAGE_PEOPLE, limit="60/minute",
    raises=(
        BindingNotFound, WayClosed, FaceCheckNotFound, FacePending, FaceFailed, IdentityUnavailable,
        IdentityQuotaSpent,
    ),
)  # fmt: skip
async def finish_member_face_check(
    units: Units, actor: Actor, binding_id: UUID, check_id: UUID
) -> BindingView:
    """Our server asks the vendor for the outcome."""
    await proving.finish_face(units, actor, binding_id, check_id)
    return await _view(units, actor, binding_id)


@operation(
    needs=P.MANAGE_PEOPLE, limit=MESSAGES,
    raises=(
        FieldsInvalid, BindingNotFound, WayClosed, BankCardMismatch, IdentityUnavailable, IdentityQuotaSpent,
        CodeTooSoon, CodesUsedUp, CodeNotSent,
    ),
)  # fmt: skip
async def check_member_bank_card(
    units: Units, actor: Actor, binding_id: UUID, body: CheckBankCard
) -> CodeSentView:
    """The member's bank vouches for name, document, card and phone; then a code goes to that phone."""
    phone = await proving.check_bank_card(units, actor, binding_id, card=body.digits, phone=body.phone)
    return CodeSentView(phone_masked=phone)


@operation(
    needs=P.MANAGE_PEOPLE, limit=GUESSES,
    raises=(BindingNotFound, WayClosed, CodeWrong, CodeBurned, CodeExpired),
)  # fmt: skip
async def give_member_code(units: Units, actor: Actor, binding_id: UUID, body: GiveMemberCode) -> BindingView:
    """The code the member received and read out."""
    await proving.give_code(units, actor, binding_id, body.code)
    return await _view(units, actor, binding_id)


@operation(needs=P.REVIEW_DOCUMENTS)
async def list_binding_reviews(unit: Unit, actor: Actor) -> list[BindingReviewView]:
    """What waits at one's own hospital, oldest promise first."""
    return [
        BindingReviewView.of(row, [paper.id for paper in await queries.papers_of(unit, row.id)])
        for row in await queries.review_queue(unit, actor.hospital)
    ]


@operation(needs=P.REVIEW_DOCUMENTS, status=307, raises=(PaperNotFound, BlobsDown))
async def open_reviewed_paper(units: Units, actor: Actor, paper_id: UUID, query: ThumbnailWanted) -> None:
    """Leads to an address that opens the file for five minutes; looking is recorded."""
    url = await attaching.link_to(units, actor, paper_id, thumbnail=query.thumbnail)
    return RedirectResponse(url, 307, {"cache-control": "no-store"})  # type: ignore[return-value]


@operation(needs=P.REVIEW_DOCUMENTS, raises=(BindingNotFound, AlreadyDecided))
async def approve_binding(units: Units, actor: Actor, binding_id: UUID) -> None:
    """Papers or person were seen and fit."""
    await reviewing.approve(units, actor, binding_id)


@operation(needs=P.REVIEW_DOCUMENTS, raises=(BindingNotFound, AlreadyDecided))
async def refuse_binding(units: Units, actor: Actor, binding_id: UUID, body: RefuseBinding) -> None:
    """The user reads why, and may ask again."""
    await reviewing.refuse(units, actor, binding_id, body.reason)


@operation(needs=P.REVIEW_DOCUMENTS, raises=(BindingNotFound, AlreadyDecided))
async def unbind_family_at_desk(units: Units, actor: Actor, binding_id: UUID) -> None:
    """A member who came to the desk ends it."""
    await ending.unbind_at_desk(units, actor, binding_id)


async def _view(units: Units, actor: Actor, binding_id: UUID) -> BindingView:
    async with units.account(actor.account, actor) as unit:
        row: Binding = await queries.own_binding(unit, actor.account, binding_id)
        return BindingView.of(await listing.look(unit, row))


_ONE = "/family/bindings/{binding_id}"
_REVIEWED = "/family-reviews/{binding_id}"

routes = [
    Route("/family", show_family),
    Route("/family/bindings", request_binding, methods=["POST"]),
    Route(_ONE, show_binding),
    Route(_ONE + "/withdrawal", withdraw_binding_request, methods=["POST"]),
    Route(_ONE + "/unbinding", unbind_family, methods=["POST"]),
    Route(_ONE + "/details", agree_bill_details, methods=["PUT"]),
    Route(_ONE + "/papers", offer_family_paper, methods=["POST"]),
    Route(_ONE + "/submission", submit_family_papers, methods=["POST"]),
    Route(_ONE + "/counter", choose_family_counter, methods=["POST"]),
    Route(_ONE + "/face-checks", start_member_face_check, methods=["POST"]),
    Route(_ONE + "/face-checks/{check_id}", finish_member_face_check, methods=["POST"]),
    Route(_ONE + "/bank-checks", check_member_bank_card, methods=["POST"]),
    Route(_ONE + "/codes", give_member_code, methods=["POST"]),
    Route("/family/papers/{paper_id}/finish", finish_family_paper, methods=["POST"]),
    Route("/family/papers/{paper_id}/content", open_family_paper),
    Route("/family/papers/{paper_id}", remove_family_paper, methods=["DELETE"]),
    Route("/family-reviews", list_binding_reviews),
    Route("/family-reviews/papers/{paper_id}", open_reviewed_paper),
    Route(_REVIEWED + "/approval", approve_binding, methods=["POST"]),
    Route(_REVIEWED + "/refusal", refuse_binding, methods=["POST"]),
    Route(_REVIEWED + "/unbinding", unbind_family_at_desk, methods=["POST"]),
]
