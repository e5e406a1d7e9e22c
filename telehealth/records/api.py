"""JSON routes of a person's record. What belongs to somebody else is a 404."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.routing import Route

from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobNotFound, BlobsDown
from telehealth.core.errors import FieldsInvalid, Unavailable
from telehealth.core.unit import Unit, Units
from telehealth.patients import LinkPending, PersonNotFound, person_for
from telehealth.records import issuing, queries, sharing, showing
from telehealth.records.choosing import chosen_papers
from telehealth.records.errors import (
    DataRestricted,
    DocumentNotFound,
    NothingChosen,
    PaperNotFound,
    ShareNotFound,
    SharesFull,
)
from telehealth.records.refreshing import told_in
from telehealth.records.schemas import (
    DocumentView,
    FileLink,
    HospitalVisitView,
    ListDocuments,
    MakeShare,
    PaperView,
    ReportView,
    SharePageView,
    ShareViewed,
)
from telehealth.records.states import PaperKind
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, PageQuery, cut, moment_key

P = Permission


class IssuePaper(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: PaperKind
    #: Of the visit, the report, the sheet, the charge.
    document_id: Annotated[UUID, Field(strict=False)]


@operation(needs=P.BOOK, raises=(PersonNotFound, LinkPending, FieldsInvalid))
async def list_documents(unit: Unit, person_id: UUID, query: ListDocuments) -> Page[DocumentView]:
    """Notes, reports, prescriptions, receipts of one person, newest first."""
    items = await showing.items_of(unit, person_id, query.kind)
    after = moment_key(query.after)
    if after is not None:
        items = [item for item in items if (item.at, item.id) < after]
    kept, following = cut(items[: query.limit + 1], query.limit, lambda item: (item.at.isoformat(), item.id))
    return Page(items=[DocumentView.of(item) for item in kept], next=following)


@operation(needs=P.BOOK, raises=(PersonNotFound, LinkPending), limit="60/minute")
async def refresh_record(units: Units, actor: Actor, person_id: UUID) -> list[HospitalVisitView]:
    """Ask every hospital that knows the person, now; the visits as they then stand."""
    found = await showing.record_of(units, actor, person_id, anew=True)
    return [HospitalVisitView.of(visit) for visit in (found.visits if found else ())]


@operation(needs=P.BOOK, raises=(PersonNotFound, LinkPending))
async def list_hospital_visits(unit: Unit, person_id: UUID) -> list[HospitalVisitView]:
    """Visits in person, as the hospitals last confirmed them, newest first."""
    return [HospitalVisitView.of(visit) for visit in await showing.visits_of(unit, person_id)]


@operation(needs=P.BOOK, raises=(DocumentNotFound, PersonNotFound, LinkPending))
async def show_report(unit: Unit, report_id: UUID) -> ReportView:
    row = await queries.report(unit, report_id)
    await person_for(unit, unit.actor.account, row.person_id)
    unit.audit("record.report_read", row)
    return ReportView.of(row, told_in(row))


@operation(
    needs=P.BOOK,
    status=201,
    raises=(DocumentNotFound, PersonNotFound, LinkPending, BlobsDown, Unavailable),
    limit="60/minute",
)
async def issue_paper(units: Units, actor: Actor, body: IssuePaper) -> PaperView:
    """A PDF with the hospital's stamp; the same content is the same file."""
    return PaperView.of(await issuing.issue(units, actor, body.kind, body.document_id))


@operation(needs=P.BOOK, raises=(PaperNotFound, BlobNotFound, BlobsDown), limit="60/minute")
async def link_paper(units: Units, actor: Actor, paper_id: UUID) -> FileLink:
    """An address that gives the file for five minutes."""
    async with units.account(actor.account, actor) as unit:
        found = await queries.papers(unit, [paper_id])
        if not found or found[0].account_id != actor.account:
            raise PaperNotFound()
        try:
            await person_for(unit, actor.account, found[0].person_id)
        except (PersonNotFound, LinkPending):
            # Whom they no longer act for is out of their sight, with all that was handed out before.
            raise PaperNotFound() from None
    return FileLink(url=await issuing.link(units, found[0]), sha256=found[0].sha256)


@operation(needs=P.BOOK, raises=(FieldsInvalid,))
async def list_shares(unit: Unit, actor: Actor, query: PageQuery) -> Page[SharePageView]:
    """Newest first, ended ones included."""
    after = moment_key(query.after)
    rows = await queries.shares_of(unit, actor.account, before=after, limit=query.limit)
    kept, following = cut(rows, query.limit, lambda row: (row.made_at.isoformat(), row.id))
    counts = await queries.view_counts(unit, [row.id for row in kept])
    return Page(items=[SharePageView.of(row, counts.get(row.id, 0)) for row in kept], next=following)


@operation(
    needs=P.BOOK,
    status=201,
    raises=(
        PersonNotFound, LinkPending, DocumentNotFound, PaperNotFound, NothingChosen, SharesFull,
        DataRestricted, FieldsInvalid, BlobsDown, Unavailable,
    ),
    limit="20/hour",
)  # fmt: skip
async def make_share(units: Units, actor: Actor, body: MakeShare) -> SharePageView:
    share = await sharing.make(
        units, actor, body.person_id, chosen_papers(body.papers),
        days=body.days, label=body.label, with_code=body.with_code,
    )  # fmt: skip
    return SharePageView.of(share, 0)


@operation(needs=P.BOOK, raises=(ShareNotFound,))
async def show_share(unit: Unit, actor: Actor, share_id: UUID) -> SharePageView:
    share = await queries.share(unit, actor.account, share_id)
    return SharePageView.of(share, (await queries.view_counts(unit, [share_id])).get(share_id, 0))


@operation(needs=P.BOOK, raises=(ShareNotFound,))
async def list_share_views(unit: Unit, actor: Actor, share_id: UUID) -> list[ShareViewed]:
    """Latest first."""
    await queries.share(unit, actor.account, share_id)
    return [ShareViewed.of(row) for row in await queries.share_views(unit, [share_id])]


@operation(needs=P.BOOK, raises=(ShareNotFound,))
async def revoke_share(unit: Unit, share_id: UUID) -> SharePageView:
    """The link opens nothing from now on. Again changes nothing."""
    share = await sharing.revoke(unit, share_id)
    return SharePageView.of(share, (await queries.view_counts(unit, [share_id])).get(share_id, 0))


routes = [
    Route("/people/{person_id}/documents", list_documents),
    Route("/people/{person_id}/hospital-visits", list_hospital_visits),
    Route("/people/{person_id}/hospital-visits/refresh", refresh_record, methods=["POST"]),
    Route("/reports/{report_id}", show_report),
    Route("/papers", issue_paper, methods=["POST"]),
    Route("/papers/{paper_id}/file", link_paper),
    Route("/shares", list_shares),
    Route("/shares", make_share, methods=["POST"]),
    Route("/shares/{share_id}", show_share),
    Route("/shares/{share_id}/views", list_share_views),
    Route("/shares/{share_id}/revocation", revoke_share, methods=["POST"]),
]
