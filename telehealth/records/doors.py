"""JSON routes of one's rights: who looked, consents, leaving data alone, all of it, a dead relative's."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from starlette.routing import Route

from telehealth.accounts import CodeBurned, CodeExpired, CodeNotSent, CodesUsedUp, CodeTooSoon, CodeWrong
from telehealth.core.access import Actor, Permission
from telehealth.core.blobs import BlobNotFound, BlobsDown
from telehealth.core.consents import ConsentBook, ConsentEntry, ConsentGone
from telehealth.core.errors import Conflict, FieldsInvalid, Refused, TransitionRefused, Unavailable
from telehealth.core.i18n import LANGUAGES, translator
from telehealth.core.progress import ProgressView, progress_of
from telehealth.core.unit import Unit, Units
from telehealth.directory import HospitalNotFound, HospitalNotLive
from telehealth.patients import LinkPending, PersonNotFound
from telehealth.patients.states import DataKind, Recipient
from telehealth.records import exporting, heirs, looking, queries, restricting
from telehealth.records.errors import (
    DataRestricted,
    DeletionNotDue,
    ExportExpired,
    ExportLocked,
    ExportNotFound,
    ExportNotReady,
    NoPhone,
    RequestAnswered,
    RequestNotFound,
)
from telehealth.records.models import DataRequest, Export
from telehealth.records.papers import Said
from telehealth.records.schemas import (
    AnswerHeir,
    AskAsHeir,
    AskExport,
    FileLink,
    RestrictData,
    UnlockExport,
)
from telehealth.records.states import RequestKind, RequestState
from telehealth.web.contract import operation
from telehealth.web.pagination import Page, PageQuery, cut, decode_cursor

P = Permission


class LookView(BaseModel):
    """Who looked, as what, at what, why; words by language. No name of staff is told."""

    at: datetime
    who: dict[str, str]
    what: dict[str, str]
    why: dict[str, str]
    hospital: dict[str, str]
    department: dict[str, str]

    @classmethod
    def of(cls, look: looking.Look) -> "LookView":
        return cls(
            at=look.at,
            who=_spoken(look.who),
            what=_spoken(look.what),
            why=_spoken(look.why),
            hospital=dict(look.hospital),
            department=dict(look.department),
        )


class DisclosureView(BaseModel):
    """What kinds of data went to whom outside the hospital."""

    recipient: Recipient
    name: str
    kinds: list[DataKind]
    at: datetime


class ConsentView(BaseModel):
    """`kind` and `id` name it when it is taken back; `follows` says what follows from that."""

    kind: str
    id: UUID
    person_id: UUID | None
    purpose: dict[str, str]
    text: dict[str, str]
    where: dict[str, str]
    given_at: datetime
    ended_at: datetime | None
    can_withdraw: bool
    follows: dict[str, str]

    @classmethod
    def of(cls, entry: ConsentEntry) -> "ConsentView":
        return cls(
            kind=entry.kind,
            id=entry.id,
            person_id=entry.person_id,
            purpose=_spoken(entry.purpose),
            text=_spoken(entry.text),
            where=_spoken(entry.where),
            given_at=entry.given_at,
            ended_at=entry.ended_at,
            can_withdraw=entry.can_withdraw,
            follows=_spoken(entry.follows),
        )


class DataRequestView(BaseModel):
    id: UUID
    kind: RequestKind
    state: RequestState
    hospital_id: UUID
    person_id: UUID | None
    asked_at: datetime
    answer_by: datetime
    answer: str

    @classmethod
    def of(cls, row: DataRequest) -> "DataRequestView":
        return cls.model_validate(row, from_attributes=True)


class ExportView(BaseModel):
    id: UUID
    person_id: UUID
    asked_at: datetime
    expires_at: datetime | None
    size: int | None
    sha256: str | None
    progress: ProgressView | None

    @classmethod
    async def of(cls, unit: Unit, row: Export) -> "ExportView":
        found = await progress_of(unit, exporting.KIND, row.id)
        return cls(
            id=row.id,
            person_id=row.person_id,
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            size=row.size,
            sha256=row.sha256,
            progress=ProgressView.of(found) if found else None,
        )


@operation(needs=P.BOOK, raises=(PersonNotFound, LinkPending, FieldsInvalid))
async def list_looks(unit: Unit, person_id: UUID, query: PageQuery) -> Page[LookView]:
    """Who of the hospital looked at this person's data, and who opened a share; latest first."""
    before = _instant(query.after)
    found = await looking.looks_at_person(unit, person_id, before=before, limit=query.limit)
    kept, following = cut(found, query.limit, lambda look: (look.at.isoformat(),))
    return Page(items=[LookView.of(look) for look in kept], next=following)


@operation(needs=P.BOOK, raises=(PersonNotFound, LinkPending))
async def list_disclosures(unit: Unit, person_id: UUID) -> list[DisclosureView]:
    """To whom outside the hospital something of this person went, latest first."""
    found = await looking.disclosed(unit, person_id)
    return [DisclosureView.model_validate(row, from_attributes=True) for row in found]


@operation(needs=P.BOOK)
async def list_all_consents(unit: Unit) -> list[ConsentView]:
    """Every consent of this account, those that stand first."""
    return [ConsentView.of(entry) for entry in await unit.port(ConsentBook).listed(unit)]


@operation(needs=P.BOOK, raises=(ConsentGone, Refused, Conflict, Unavailable))
async def withdraw_any_consent(units: Units, actor: Actor, source: str, consent_id: UUID) -> None:
    """Again changes nothing. A refusal says what to do instead; nothing is lost by it."""
    await units.port(ConsentBook).withdraw(units, actor, source, consent_id)


@operation(needs=P.BOOK)
async def list_data_requests(unit: Unit, actor: Actor) -> list[DataRequestView]:
    return [DataRequestView.of(row) for row in await queries.requests_of(unit, actor.account)]


@operation(
    needs=P.BOOK,
    status=201,
    raises=(PersonNotFound, LinkPending, DeletionNotDue, DataRestricted),
    idempotent=True,
    limit="20/hour",
)
async def restrict_data(unit: Unit, actor: Actor, body: RestrictData) -> DataRequestView:
    """Asked to delete while the law keeps it: kept, and nothing else is done with it. Stands at once."""
    return DataRequestView.of(await restricting.restrict(unit, actor, body.person_id, body.hospital_id))


@operation(needs=P.BOOK, raises=(RequestNotFound, TransitionRefused))
async def lift_restriction(unit: Unit, request_id: UUID) -> DataRequestView:
    return DataRequestView.of(await restricting.lift(unit, request_id))


@operation(
    needs=P.BOOK, status=201, raises=(HospitalNotFound, HospitalNotLive), idempotent=True, limit="10/hour"
)
async def ask_as_heir(unit: Unit, actor: Actor, body: AskAsHeir) -> DataRequestView:
    """People at the service desk look at the proof and answer by `answer_by`."""
    told = heirs.Told(body.name, body.document_number, body.relation, body.wish)
    return DataRequestView.of(await heirs.ask(unit, actor, body.hospital, told))


@operation(needs=P.BOOK_FOR_PATIENT)
async def list_heir_requests(unit: Unit, actor: Actor) -> list[DataRequestView]:
    """That wait for an answer, the one due first."""
    return [DataRequestView.of(row) for row in await queries.waiting_requests(unit, actor.hospital)]


@operation(needs=P.BOOK_FOR_PATIENT, raises=(RequestNotFound, RequestAnswered))
async def answer_heir(unit: Unit, request_id: UUID, body: AnswerHeir) -> DataRequestView:
    return DataRequestView.of(await heirs.answer(unit, request_id, granted=body.granted, text=body.answer))


@operation(needs=P.BOOK, status=201, raises=(PersonNotFound, LinkPending), idempotent=True, limit="10/hour")
async def ask_record_export(unit: Unit, actor: Actor, body: AskExport) -> ExportView:
    """Everything of one person as one file, made in the background."""
    return await ExportView.of(unit, await exporting.ask(unit, actor, body.person_id))


@operation(needs=P.BOOK)
async def list_record_exports(unit: Unit, actor: Actor) -> list[ExportView]:
    return [await ExportView.of(unit, row) for row in await queries.exports_of(unit, actor.account)]


@operation(needs=P.BOOK, raises=(ExportNotFound,))
async def show_record_export(unit: Unit, actor: Actor, export_id: UUID) -> ExportView:
    return await ExportView.of(unit, await queries.export(unit, actor.account, export_id))


@operation(needs=P.BOOK, status=202, raises=(ExportNotFound,), limit="20/hour")
async def resume_record_export(unit: Unit, export_id: UUID) -> ExportView:
    """One that failed goes on from where it stopped."""
    return await ExportView.of(unit, await exporting.retry(unit, export_id))


@operation(
    needs=P.BOOK, raises=(ExportNotFound, NoPhone, CodeTooSoon, CodesUsedUp, CodeNotSent), limit="10/hour"
)
async def send_export_code(units: Units, actor: Actor, export_id: UUID) -> None:
    """To the account's phone; then unlock with it."""
    await exporting.send_code(units, actor, export_id)


@operation(
    needs=P.BOOK, raises=(ExportNotFound, NoPhone, CodeWrong, CodeBurned, CodeExpired), limit="20/hour"
)
async def unlock_export(units: Units, actor: Actor, export_id: UUID, body: UnlockExport) -> None:
    """The file may be fetched for ten minutes from now."""
    await exporting.unlock(units, actor, export_id, body.code)


@operation(
    needs=P.BOOK,
    raises=(ExportNotFound, ExportNotReady, ExportExpired, ExportLocked, BlobNotFound, BlobsDown),
    limit="20/hour",
)
async def link_export(units: Units, actor: Actor, export_id: UUID) -> FileLink:
    """An address that gives the file for five minutes."""
    url, sha256 = await exporting.link(units, actor, export_id)
    return FileLink(url=url, sha256=sha256)


def _spoken(text: Said) -> dict[str, str]:
    if isinstance(text, str):
        return {lang: translator(lang)(text) for lang in LANGUAGES} if text else {}
    return dict(text)


def _instant(cursor: str) -> datetime | None:
    key = decode_cursor(cursor, 1)
    if key is None:
        return None
    try:
        found = datetime.fromisoformat(str(key[0]))
        if found.tzinfo is None:
            raise ValueError("no zone")
        return found
    except ValueError:
        raise FieldsInvalid({"after": "翻页位置无效"}) from None


routes = [
    Route("/people/{person_id}/looks", list_looks),
    Route("/people/{person_id}/disclosures", list_disclosures),
    Route("/consents", list_all_consents),
    Route("/consents/{source}/{consent_id}/withdrawal", withdraw_any_consent, methods=["POST"]),
    Route("/data-requests", list_data_requests),
    Route("/data-requests/restrictions", restrict_data, methods=["POST"]),
    Route("/data-requests/heirs", ask_as_heir, methods=["POST"]),
    Route("/data-requests/heirs", list_heir_requests),
    Route("/data-requests/{request_id}/lifting", lift_restriction, methods=["POST"]),
    Route("/data-requests/{request_id}/answer", answer_heir, methods=["POST"]),
    Route("/record-exports", list_record_exports),
    Route("/record-exports", ask_record_export, methods=["POST"]),
    Route("/record-exports/{export_id}", show_record_export),
    Route("/record-exports/{export_id}/resumption", resume_record_export, methods=["POST"]),
    Route("/record-exports/{export_id}/code", send_export_code, methods=["POST"]),
    Route("/record-exports/{export_id}/unlocking", unlock_export, methods=["POST"]),
    Route("/record-exports/{export_id}/file", link_export),
]
