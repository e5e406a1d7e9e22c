"""Tell somebody something: a row in their inbox, and a text message if the notice has one.

Both are rows of the caller's transaction; the message leaves afterwards, in a job. Whether its
reader wants it, and where their phone is, is looked up then, where their account may be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.hot import append_later
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.notifications.delivering import deliver_notice
from telehealth.notifications.models import Delivery, InboxMessage
from telehealth.notifications.notices import WORDINGS, Notice
from telehealth.notifications.rules import settle
from telehealth.notifications.states import DELIVERY


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
    if account_id is not None:
        append_later(
            unit,
            InboxMessage(
                id=new_id(),
                hospital_id=hospital,
                account_id=account_id,
                sender_id=sender,
                notice=notice,
                variables=kept,
                href=href,
                created_at=unit.now,
            ),
        )
    if not wording.sms or (account_id is None and phone is None):
        return
    delivery = Delivery(
        id=new_id(),
        hospital_id=hospital,
        account_id=account_id,
        sender_id=sender,
        notice=notice,
        variables=kept,
        phone=phone,
        state=DELIVERY.initial,
        reason="",
        created_at=unit.now,
    )
    append_later(unit, delivery)
    await unit.defer(deliver_notice, delivery_id=delivery.id)


@dataclass(frozen=True, slots=True)
class Told:
    """One reader of a notice that goes to many."""

    account_id: UUID
    hospital_id: UUID
    href: str
    variables: dict[str, Any] = field(default_factory=dict)


async def notify_many(unit: Unit, notice: Notice, readers: Sequence[Told]) -> None:
    """One statement for the inboxes of all. Raises LookupError as `notify`, and for a notice with a text."""
    wording = WORDINGS[notice]
    if wording.sms:
        raise LookupError(f"{notice} goes out as a text message, one by one")
    if readers:
        await unit.session.execute(
            sa.insert(InboxMessage),
            [
                {
                    "id": new_id(),
                    "hospital_id": told.hospital_id,
                    "account_id": told.account_id,
                    "sender_id": unit.actor.account_id or unit.owner,
                    "notice": notice,
                    "variables": settle(wording.variables, told.variables),
                    "href": told.href,
                    "created_at": unit.now,
                    "read_at": None,
                }
                for told in readers
            ],
        )
