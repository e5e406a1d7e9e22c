"""The service notice: published versions, and who accepted which (XY21)."""

import hashlib
import json
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.directory import queries
from telehealth.directory.errors import NoticeOutdated
from telehealth.directory.models import NoticeAcceptance, ServiceNotice
from telehealth.directory.states import NoticeChannel


def notice_digest(version: int, *texts: str) -> str:
    """SHA-256 over the version and every text a patient is shown, in both languages."""
    canonical = json.dumps([version, *texts], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


async def publish_notice(
    unit: Unit, hospital_id: UUID, *, title: str, title_en: str, body: str, body_en: str
) -> ServiceNotice:
    """Add the next version; from now on everybody is asked again."""
    latest = await queries.current_notice(unit, hospital_id)
    version = latest.version + 1 if latest else 1
    row = ServiceNotice(
        hospital_id=hospital_id,
        version=version,
        title=title,
        title_en=title_en,
        body=body,
        body_en=body_en,
        sha256=notice_digest(version, title, title_en, body, body_en),
        published_at=unit.now,
        published_by=unit.actor.account_id,
    )
    unit.session.add(row)
    # Two publishers at once: the unique (hospital, version) lets one through.
    await unit.session.flush()
    unit.audit("notice.published", row, version=version, sha256=row.sha256)
    return row


async def accept_notice(
    unit: Unit,
    hospital_id: UUID,
    sha256: str,
    *,
    account_id: UUID,
    channel: NoticeChannel,
    person_id: UUID | None = None,
) -> ServiceNotice:
    """Keep that this account read and accepted exactly this text. Doing it twice changes nothing.

    Raises NoticeOutdated when a newer version was published since the page was opened.
    """
    latest = await queries.current_notice(unit, hospital_id)
    if latest is None or latest.sha256 != sha256:
        raise NoticeOutdated()
    added = await unit.session.execute(
        insert(NoticeAcceptance)
        .values(
            id=new_id(),
            hospital_id=hospital_id,
            account_id=account_id,
            person_id=person_id,
            notice_id=latest.id,
            sha256=sha256,
            channel=channel,
            accepted_at=unit.now,
        )
        .on_conflict_do_nothing()
        .returning(NoticeAcceptance.id)
    )
    if added.first() is not None:
        unit.audit(
            "notice.accepted",
            latest,
            account_id=account_id,
            version=latest.version,
            sha256=sha256,
            channel=channel,
            person=person_id,
        )
    return latest
