"""Every SELECT of this feature; an account's own is asked for by account, beside row-level security."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from telehealth.core.unit import Unit
from telehealth.patients import LinkState, PatientLink
from telehealth.records.errors import (
    DocumentNotFound,
    ExportNotFound,
    PaperNotFound,
    RequestNotFound,
    ShareClosed,
    ShareNotFound,
)
from telehealth.records.models import DataRequest, Export, Paper, Report, ReportFetch, Share, ShareView
from telehealth.records.states import PaperKind, RequestKind, RequestState


async def reports_of(unit: Unit, person_id: UUID, *, limit: int = 100) -> Sequence[Report]:
    """Those that stand, newest first, at every hospital where this unit may see them."""
    found = sa.select(Report).where(Report.person_id == person_id, Report.withdrawn_at.is_(None))
    return (await unit.session.scalars(found.order_by(Report.taken_at.desc(), Report.id).limit(limit))).all()


async def report(unit: Unit, report_id: UUID) -> Report:
    """Raises DocumentNotFound: withdrawn, or none this unit may see."""
    row = await unit.session.get(Report, report_id)
    if row is None or row.withdrawn_at is not None:
        raise DocumentNotFound()
    return row


async def reports_by_resource(unit: Unit, hospital_id: UUID, person_id: UUID) -> dict[str, Report]:
    rows = await unit.session.scalars(
        sa.select(Report)
        .where(Report.hospital_id == hospital_id, Report.person_id == person_id)
        .execution_options(populate_existing=True)
        .with_for_update()
    )
    return {row.resource_id: row for row in rows}


async def report_fetch(unit: Unit, hospital_id: UUID, person_id: UUID) -> ReportFetch | None:
    return await unit.session.get(ReportFetch, (hospital_id, person_id), populate_existing=True)


async def lock_reports(unit: Unit, hospital_id: UUID, person_id: UUID) -> None:
    """Two answers about one person at once would both find no rows before them."""
    lock = sa.text("select pg_advisory_xact_lock(hashtextextended(:key, 0))")
    await unit.session.execute(lock, {"key": f"reports:{hospital_id}:{person_id}"})


async def paper_of(
    unit: Unit, account_id: UUID, kind: PaperKind, subject_id: UUID, content_digest: str
) -> Paper | None:
    found: Paper | None = await unit.session.scalar(
        sa.select(Paper).where(
            Paper.account_id == account_id,
            Paper.kind == kind,
            Paper.subject_id == subject_id,
            Paper.content_digest == content_digest,
        )
    )
    return found


async def papers(unit: Unit, ids: Sequence[UUID]) -> list[Paper]:
    """In the order asked for; those this unit may not see are left out."""
    rows = await unit.session.scalars(sa.select(Paper).where(Paper.id.in_(ids)))
    known = {row.id: row for row in rows}
    return [known[each] for each in ids if each in known]


async def papers_of(unit: Unit, account_id: UUID, person_id: UUID) -> Sequence[Paper]:
    """The latest of each thing that was handed out, newest first."""
    last = (
        sa.select(Paper.id)
        .ext(distinct_on(Paper.kind, Paper.subject_id))
        .where(Paper.account_id == account_id, Paper.person_id == person_id)
        .order_by(Paper.kind, Paper.subject_id, Paper.issued_at.desc())
    )
    found = sa.select(Paper).where(Paper.id.in_(last)).order_by(Paper.on.desc(), Paper.id)
    return (await unit.session.scalars(found)).all()


async def paper_by_code(unit: Unit, code: str) -> Paper:
    """Raises PaperNotFound."""
    found: Paper | None = await unit.session.scalar(sa.select(Paper).where(Paper.code == code))
    if found is None:
        raise PaperNotFound()
    return found


async def newer_paper(unit: Unit, paper: Paper) -> bool:
    """Whether the same thing was handed out with other words since."""
    later = sa.select(Paper.id).where(
        Paper.kind == paper.kind, Paper.subject_id == paper.subject_id, Paper.issued_at > paper.issued_at
    )
    return (await unit.session.scalar(later.limit(1))) is not None


def _still_acts(account_id: UUID, kind: type[Share | Export | DataRequest] = Share) -> sa.ColumnElement[bool]:
    """What was shown, put together or asked of somebody: only for who acts for them now (XY17)."""
    return kind.person_id.in_(
        sa.select(PatientLink.person_id).where(
            PatientLink.account_id == account_id, PatientLink.state == LinkState.ACTIVE
        )
    )


async def open_shares_for(unit: Unit, account_id: UUID, person_id: UUID) -> Sequence[Share]:
    """Of one person, whether or not the account still acts for them. Locked."""
    found = sa.select(Share).where(
        Share.account_id == account_id, Share.person_id == person_id, Share.revoked_at.is_(None)
    )
    return (await unit.session.scalars(found.order_by(Share.id).with_for_update())).all()


async def shares_of(
    unit: Unit, account_id: UUID, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[Share]:
    """Newest first, ended ones included; one more than `limit` if there are more."""
    found = sa.select(Share).where(Share.account_id == account_id, _still_acts(account_id))
    if before is not None:
        found = found.where(sa.tuple_(Share.made_at, Share.id) < sa.tuple_(*before))
    return (
        await unit.session.scalars(found.order_by(Share.made_at.desc(), Share.id.desc()).limit(limit + 1))
    ).all()


async def open_shares(unit: Unit, account_id: UUID) -> int:
    counted = sa.select(sa.func.count()).where(
        Share.account_id == account_id, Share.revoked_at.is_(None), Share.expires_at > unit.now
    )
    return await unit.session.scalar(counted) or 0


async def share(unit: Unit, account_id: UUID, share_id: UUID, *, lock: bool = False) -> Share:
    """Raises ShareNotFound."""
    found = sa.select(Share).where(
        Share.id == share_id, Share.account_id == account_id, _still_acts(account_id)
    )
    row: Share | None = await unit.session.scalar(found.with_for_update() if lock else found)
    if row is None:
        raise ShareNotFound()
    return row


async def share_by_digest(unit: Unit, token_digest: str, *, lock: bool = False) -> Share:
    """One that is open now. Raises ShareClosed, whatever the reason."""
    found = sa.select(Share).where(
        Share.token_digest == token_digest, Share.revoked_at.is_(None), Share.expires_at > unit.now
    )
    row: Share | None = await unit.session.scalar(found.with_for_update() if lock else found)
    if row is None:
        raise ShareClosed()
    return row


async def share_views(
    unit: Unit, share_ids: Sequence[UUID], *, before: datetime | None = None, limit: int = 200
) -> Sequence[ShareView]:
    """Latest first."""
    found = sa.select(ShareView).where(ShareView.share_id.in_(share_ids))
    if before is not None:
        found = found.where(ShareView.at < before)
    return (await unit.session.scalars(found.order_by(ShareView.at.desc(), ShareView.id).limit(limit))).all()


async def view_counts(unit: Unit, share_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How often each was opened; papers read in it are not counted again."""
    rows = await unit.session.execute(
        sa.select(ShareView.share_id, sa.func.count())
        .where(ShareView.share_id.in_(share_ids), ShareView.paper_id.is_(None))
        .group_by(ShareView.share_id)
    )
    return {share_id: count for share_id, count in rows}


async def standing_restriction(
    unit: Unit, hospital_id: UUID, person_id: UUID, *, lock: bool = False
) -> DataRequest | None:
    found = sa.select(DataRequest).where(
        DataRequest.hospital_id == hospital_id,
        DataRequest.person_id == person_id,
        DataRequest.state == RequestState.STANDING,
    )
    row: DataRequest | None = await unit.session.scalar(found.with_for_update() if lock else found)
    return row


def _own_request(account_id: UUID) -> sa.ColumnElement[bool]:
    """Heirs ask about somebody they never acted for; of anybody else, as `_still_acts`."""
    return DataRequest.person_id.is_(None) | _still_acts(account_id, DataRequest)


async def requests_of(unit: Unit, account_id: UUID) -> Sequence[DataRequest]:
    """Newest first."""
    found = sa.select(DataRequest).where(DataRequest.account_id == account_id, _own_request(account_id))
    return (
        await unit.session.scalars(found.order_by(DataRequest.asked_at.desc(), DataRequest.id.desc()))
    ).all()


async def request_of_account(
    unit: Unit, account_id: UUID, request_id: UUID, *, lock: bool = False
) -> DataRequest:
    """Raises RequestNotFound."""
    found = sa.select(DataRequest).where(
        DataRequest.id == request_id, DataRequest.account_id == account_id, _own_request(account_id)
    )
    row: DataRequest | None = await unit.session.scalar(found.with_for_update() if lock else found)
    if row is None:
        raise RequestNotFound()
    return row


async def request_at(unit: Unit, hospital_id: UUID, request_id: UUID) -> DataRequest:
    """For staff of the hospital, locked. Raises RequestNotFound."""
    row: DataRequest | None = await unit.session.scalar(
        sa.select(DataRequest)
        .where(DataRequest.id == request_id, DataRequest.hospital_id == hospital_id)
        .with_for_update()
    )
    if row is None:
        raise RequestNotFound()
    return row


async def waiting_requests(unit: Unit, hospital_id: UUID, *, limit: int = 100) -> Sequence[DataRequest]:
    """Of heirs, the one whose answer is due first."""
    found = sa.select(DataRequest).where(
        DataRequest.hospital_id == hospital_id,
        DataRequest.kind == RequestKind.HEIR,
        DataRequest.state == RequestState.OPEN,
    )
    return (
        await unit.session.scalars(found.order_by(DataRequest.answer_by, DataRequest.id).limit(limit))
    ).all()


async def standing_requests(unit: Unit, hospital_id: UUID, *, limit: int = 100) -> Sequence[DataRequest]:
    """Restrictions that stand, newest first."""
    found = sa.select(DataRequest).where(
        DataRequest.hospital_id == hospital_id, DataRequest.state == RequestState.STANDING
    )
    return (await unit.session.scalars(found.order_by(DataRequest.asked_at.desc()).limit(limit))).all()


async def export(unit: Unit, account_id: UUID, export_id: UUID, *, lock: bool = False) -> Export:
    """Raises ExportNotFound."""
    found = sa.select(Export).where(
        Export.id == export_id, Export.account_id == account_id, _still_acts(account_id, Export)
    )
    row: Export | None = await unit.session.scalar(found.with_for_update() if lock else found)
    if row is None:
        raise ExportNotFound()
    return row


async def exports_of(unit: Unit, account_id: UUID, *, limit: int = 20) -> Sequence[Export]:
    """Newest first."""
    found = sa.select(Export).where(Export.account_id == account_id, _still_acts(account_id, Export))
    return (
        await unit.session.scalars(found.order_by(Export.asked_at.desc(), Export.id.desc()).limit(limit))
    ).all()
