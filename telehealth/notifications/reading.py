"""Somebody reads their inbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.errors import FieldsInvalid
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.notifications import queries
from telehealth.notifications.errors import MessageNotFound
from telehealth.notifications.models import InboxMessage
from telehealth.notifications.notices import WORDINGS, text_of, title_of
from telehealth.notifications.rules import show


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in its reader's language."""

    id: UUID
    notice: str
    title: str
    text: str
    icon: str
    href: str
    created_at: datetime
    is_read: bool


def letter(row: InboxMessage, lang: str) -> Letter:
    wording = WORDINGS[row.notice]
    text = text_of(row.notice, show(wording.variables, row.variables, lang), lang)
    return Letter(
        row.id,
        str(row.notice),
        title_of(row.notice, lang),
        text,
        wording.icon,
        row.href,
        row.created_at,
        row.read_at is not None,
    )


def position(cursor: list[Any] | None) -> UUID | None:
    """Where a page of the inbox begins. Raises FieldsInvalid for a cursor we did not make."""
    if cursor is None:
        return None
    try:
        return UUID(str(cursor[0]))
    except ValueError:
        raise FieldsInvalid({"after": N_("翻页位置无效")}) from None


async def read(unit: Unit, actor: Actor, message_id: UUID) -> InboxMessage:
    """Mark one message as read; reading it again keeps the first time. Raises MessageNotFound."""
    row = await queries.message(unit, actor.account, message_id)
    if row is None:
        raise MessageNotFound()
    row.read_at = row.read_at or unit.now
    # Their other devices count anew.
    unit.touch(account_id=actor.account)
    return row


async def read_all(unit: Unit, actor: Actor) -> None:
    unit.touch(account_id=actor.account)
    await unit.session.execute(
        sa.update(InboxMessage)
        .where(InboxMessage.account_id == actor.account, InboxMessage.read_at.is_(None))
        .values(read_at=unit.now)
    )


async def unread(unit: Unit, actor: Actor) -> int:
    """The number on the messages tab; contributed as "unread"."""
    return 0 if actor.account_id is None else await queries.unread_count(unit, actor.account_id)
