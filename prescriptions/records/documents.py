"""The signed PDF as FHIR `DocumentReference`, and its very bytes as `Binary`.

R4 gives `attachment.hash` as the SHA-1 of the bytes in base64, no other digest; it tells whether a copy is
whole, not whether it is genuine. That the signatures in the file say, and the SHA-256 in an extension.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prescriptions.models import Prescription, SheetFile
from prescriptions.records import queries
from prescriptions.records.context import Context, context_of
from prescriptions.records.requests import bears_number
from prescriptions.states import SheetStage
from telehealth.core.blobs import BlobNotFound, BlobStore
from telehealth.core.errors import Unavailable
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospital
from telehealth.hospital.elements import (
    Element,
    coding,
    concept,
    extension,
    identifier,
    instant,
    local,
    logical,
    moment,
    present,
    reference,
)
from telehealth.hospital.searching import Meanings, Search, is_code, is_one, lies_in
from telehealth.hospital.serving import Body, Found, Hits, everywhere, page_of

LOINC = "http://loinc.org"
PDF = "application/pdf"
#: SHA-256 in hex → SHA-1 in base64: bytes that never change need hashing once.
_KNOWN: dict[str, str] = {}
_MOST = 10_000


class SheetFileLost(Unavailable):
    """The store has no such file, or other bytes than those that were signed: a person must look."""

    code = "sheet_file_lost"
    detail = "处方文件暂时无法读取，请联系医院信息科"


class Documents:
    params: Mapping[str, str] = {
        "patient": "reference", "encounter": "reference", "date": "date", "status": "token",
        "identifier": "token",
    }  # fmt: skip
    is_searched = True

    async def read(self, unit: Unit, resource_id: UUID) -> Found | None:
        row = await queries.file_row(unit, unit.actor.hospital, resource_id)
        return None if row is None else (await _found(unit, [row]))[0]

    async def search(self, unit: Unit, asked: Search) -> Hits:
        place = await hospital(unit, unit.actor.hospital)
        meanings: Meanings = {
            **everywhere(queries.FILE_UPDATED, SheetFile.id),
            "patient": is_one(Prescription.person_id),
            "encounter": is_one(Prescription.visit_id),
            "date": lies_in(SheetFile.at),
            "status": is_code(queries.FILE_STATUS),
            "identifier": lambda token: bears_number(place.code, token),
        }
        wanted = queries.files(place.id).where(*asked.conditions(meanings))
        rows, more, total = await page_of(unit, wanted, asked, updated=queries.FILE_UPDATED, key=SheetFile.id)
        return Hits(await _found(unit, rows), more, total)


class Binaries:
    """Read by whoever was given its address; there is nothing to search it by."""

    params: Mapping[str, str] = {}
    is_searched = False

    async def read(self, unit: Unit, resource_id: UUID) -> Found | None:
        row = await queries.file_row(unit, unit.actor.hospital, resource_id)
        if row is None:
            return None
        file: SheetFile = row[0]
        rx: Prescription = row[1]

        async def with_data(units: Units, body: Body) -> Body:
            return {**body, "data": base64.b64encode(await _bytes(units, file)).decode()}

        body = {
            "resourceType": "Binary",
            "contentType": PDF,
            "securityContext": reference("DocumentReference", file.id),
        }
        return Found(
            id=file.id, body=body, updated_at=file.at, visit_id=rx.visit_id, account_id=rx.account_id,
            finish=with_data,
        )  # fmt: skip

    async def search(self, unit: Unit, asked: Search) -> Hits:
        return Hits()


async def _found(unit: Unit, rows: Sequence[Any]) -> list[Found]:
    if not rows:
        return []
    context = await context_of(unit, [rx for _, rx, *_ in rows])
    return [
        Found(
            id=file.id,
            body=_body(context, file, rx, status),
            updated_at=updated_at,
            visit_id=rx.visit_id,
            account_id=rx.account_id,
            finish=_hashed(file),
        )
        for file, rx, status, updated_at in rows
    ]


def _body(context: Context, file: SheetFile, rx: Prescription, status: str) -> Body:
    return present(
        resourceType="DocumentReference",
        masterIdentifier=identifier("urn:ietf:rfc:3986", f"urn:uuid:{file.id}"),
        identifier=[identifier(local(context.code, "prescription"), rx.number)],
        status=status,
        docStatus="final" if file.stage is SheetStage.BOTH else "preliminary",
        type_=concept(coding(LOINC, "57833-6", "Prescription for medication"), text="处方笺"),
        subject=reference("Patient", rx.person_id),
        date=instant(file.at),
        author=[context.doctor(rx)],
        custodian=logical("Organization", "urn:telehealth:hospital", context.code, context.place.name),
        content=[{"attachment": _attachment(file, rx)}],
        context={"encounter": [reference("Encounter", rx.visit_id)]},
    )


def _attachment(file: SheetFile, rx: Prescription) -> Element:
    return present(
        extension=[extension("sha256", valueString=file.sha256)],
        contentType=PDF,
        language="zh-CN",
        url=f"Binary/{file.id}",
        size=file.size,
        title=f"{rx.number}.pdf",
        creation=moment(file.at),
    )


def _hashed(file: SheetFile) -> Any:
    async def with_hash(units: Units, body: Body) -> Body:
        if file.sha256 not in _KNOWN:
            await _bytes(units, file)
        [content] = body["content"]
        attachment = content["attachment"] | {"hash": _KNOWN[file.sha256]}
        return {**body, "content": [{"attachment": attachment}]}

    return with_hash


async def _bytes(units: Units, file: SheetFile) -> bytes:
    """What was signed, or nothing. Raises SheetFileLost, BlobsDown."""
    store = units.port(BlobStore)  # type: ignore[type-abstract]
    try:
        found = await store.read(file.key, file.size)
    except BlobNotFound:
        raise SheetFileLost() from None
    if hashlib.sha256(found).hexdigest() != file.sha256:
        raise SheetFileLost()
    if len(_KNOWN) >= _MOST:
        _KNOWN.clear()
    digest = hashlib.sha1(found, usedforsecurity=False).digest()
    _KNOWN[file.sha256] = base64.b64encode(digest).decode()
    return found
