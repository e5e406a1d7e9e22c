"""A share is a consent too: to have somebody read chosen papers until a day."""

from collections.abc import Sequence
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.consents import ConsentEntry, ConsentGone
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.records import queries, sharing
from telehealth.records.errors import ShareNotFound


class ShareConsents:
    kind = "share"

    async def listed(self, unit: Unit) -> Sequence[ConsentEntry]:
        return [
            ConsentEntry(
                kind=self.kind,
                id=row.id,
                person_id=row.person_id,
                purpose=N_("分享给别人看"),
                text=N_("持有链接的人在有效期内可以看到所选资料。"),
                given_at=row.made_at,
                where=row.label,
                ended_at=None if row.is_open(unit.now) else row.revoked_at or row.expires_at,
                can_withdraw=row.is_open(unit.now),
                follows=N_("撤回后链接立即失效；对方已经下载的文件无法收回。"),
            )
            for row in await queries.shares_of(unit, unit.actor.account, limit=100)
        ]

    async def withdraw(self, units: Units, actor: Actor, consent_id: UUID) -> None:
        async with units.account(actor.account, actor) as unit:
            try:
                await sharing.revoke(unit, consent_id)
            except ShareNotFound:
                raise ConsentGone() from None
