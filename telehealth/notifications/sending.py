"""Tell somebody something: a row in their inbox, and the beginning of a way to their phone.

Both are rows of the caller's transaction; what leaves the house does so afterwards, in a job. Whether its
reader wants it, and where their phone is, is looked up then, where their account may be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.deadlines import Deadline
from telehealth.core.hot import append_later
from telehealth.core.ids import new_id
from telehealth.core.settings import Notices
from telehealth.core.unit import Unit
from telehealth.notifications import queries
from telehealth.notifications.delivering import deliver_notice
from telehealth.notifications.ladders import Urgency, leaves_the_inbox, night_ends, urgency_of
from telehealth.notifications.models import Delivery, InboxMessage
from telehealth.notifications.notices import WORDINGS, Notice
from telehealth.notifications.rules import settle
from telehealth.notifications.states import CLIMB, DELIVERY


async def notify(
    unit: Unit,
    notice: Notice,
    account_id: UUID | None,
    *,
    hospital_id: UUID | None = None,
    phone: str | None = None,
    href: str = "",
    **variables: Any,
) -> None:
    """Tell an account, or without one the phone alone. `variables` are those of the notice's wording.

    Names are given masked; text in two languages as {"zh": …, "en": …}; instants and days as they are.

    Raises LookupError for a variable that is missing or unknown.
    """
    wording = WORDINGS[notice]
    kept = settle(wording.variables, variables)
    hospital = hospital_id or unit.hospital_id
    sender = unit.actor.account_id or unit.owner
    message_id = new_id()
    if account_id is not None:
        unit.touch(account_id=account_id)
        append_later(
            unit,
            InboxMessage(
                id=message_id,
                hospital_id=hospital,
                account_id=account_id,
                sender_id=sender,
                notice=notice,
                variables=kept,
                href=href,
                created_at=unit.now,
            ),
        )
    if (account_id is None and phone is None) or not leaves_the_inbox(wording):
        return
    append_later(
        unit,
        Delivery(
            id=message_id,
            hospital_id=hospital,
            account_id=account_id,
            sender_id=sender,
            notice=notice,
            variables=kept,
            phone=phone,
            state=DELIVERY.initial,
            reason="",
            created_at=unit.now,
        ),
    )
    await unit.defer(deliver_notice, delivery_id=message_id)


@dataclass(frozen=True, slots=True)
class Told:
    """One reader of a notice that goes to many."""

    account_id: UUID
    hospital_id: UUID
    href: str
    variables: dict[str, Any] = field(default_factory=dict)


async def notify_many(unit: Unit, notice: Notice, readers: Sequence[Told]) -> None:
    """A few statements for all of them, in a system unit. Only who is in WeChat is told beyond the inbox.

    Raises LookupError as `notify`, and for a notice with a text message: those go one by one.
    """
    wording = WORDINGS[notice]
    if wording.sms or wording.urgent:
        raise LookupError(f"{notice} goes out as a text message, one by one")
    if not readers:
        return
    sender = unit.actor.account_id or unit.owner
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "hospital_id": told.hospital_id,
            "account_id": told.account_id,
            "sender_id": sender,
            "notice": notice,
            "variables": settle(wording.variables, told.variables),
            "created_at": unit.now,
        }
        for told in readers
    ]
    letters = [{**row, "href": told.href, "read_at": None} for row, told in zip(rows, readers, strict=True)]
    await unit.session.execute(sa.insert(InboxMessage), letters)
    for told in readers:
        unit.touch(account_id=told.account_id)
    linked = await queries.linked_accounts(unit, [told.account_id for told in readers])
    going = [row for row in rows if row["account_id"] in linked] if leaves_the_inbox(wording) else []
    if not going:
        return
    await unit.session.execute(
        sa.insert(Delivery),
        [{**row, "phone": None, "state": DELIVERY.initial, "reason": ""} for row in going],
    )
    night = night_ends(unit.port(Notices), unit.now)
    if night is not None and urgency_of(wording) is Urgency.ROUTINE and not wording.prompt:
        await _at(unit, night, going)
        return
    for row in going:
        await unit.defer(deliver_notice, delivery_id=row["id"])


async def _at(unit: Unit, due_at: datetime, rows: Sequence[dict[str, Any]]) -> None:
    """The way begins then: what a job would find out for each, that it is night, is known here for all."""
    kept = ("hospital_id", "account_id")
    await unit.session.execute(
        sa.insert(Deadline),
        [
            {"kind": CLIMB, "subject_id": row["id"], "due_at": due_at, **{name: row[name] for name in kept}}
            for row in rows
        ],
    )
