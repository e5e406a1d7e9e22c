"""Take the way out of what an account was told about things that are no longer its own."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.unit import Unit
from telehealth.notifications.models import InboxMessage


async def forget_links(unit: Unit, account_id: UUID, ids: Sequence[UUID]) -> None:
    """The words stay, they name no illness; a link that would lead to any of `ids` goes. System unit."""
    gone = {str(each) for each in ids}
    rows = await unit.session.execute(
        sa.select(InboxMessage.id, InboxMessage.href).where(
            InboxMessage.account_id == account_id, InboxMessage.href != ""
        )
    )
    dead = [row.id for row in rows if gone.intersection(row.href.replace("?", "/").split("/"))]
    if dead:
        await unit.session.execute(sa.update(InboxMessage).where(InboxMessage.id.in_(dead)).values(href=""))
