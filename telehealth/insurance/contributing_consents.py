"""The consent to have the insurer pay its part: one for each payment, short-lived (BJ06)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.consents import ConsentEntry, ConsentGone
from telehealth.core.errors import Refused
from telehealth.core.i18n import LANGUAGES, N_
from telehealth.core.unit import Unit, Units
from telehealth.directory import hospitals, said
from telehealth.insurance import queries
from telehealth.insurance.errors import CoverNotFound
from telehealth.insurance.models import Cover
from telehealth.insurance.revoking import give_up
from telehealth.insurance.states import CoverState, Giveup

#: The insurer's page was opened, but nothing was agreed to there.
_NOT_GIVEN = (CoverState.ASKED, CoverState.REFUSED)


class InsurerPaid(Refused):
    code = "insurer_paid"
    detail = "医保已经结算，不能撤回；如需退费，退款时会一并退回医保"


class InsuranceConsents:
    kind = "insurance"

    async def listed(self, unit: Unit) -> Sequence[ConsentEntry]:
        rows = await unit.session.scalars(
            sa.select(Cover)
            .where(Cover.account_id == unit.actor.account, Cover.state.not_in(_NOT_GIVEN))
            .order_by(Cover.created_at.desc())
            .limit(100)
        )
        places = {place.id: place for place in await hospitals(unit)}
        return [
            ConsentEntry(
                kind=self.kind,
                id=row.id,
                person_id=row.person_id,
                purpose=N_("医保授权"),
                text=N_("为这一次缴费，向医保经办机构提供姓名、证件号码、诊断和费用明细，由其分担费用。"),
                given_at=row.authorised_at or row.created_at,
                where={lang: said(places[row.hospital_id], "name", lang) for lang in LANGUAGES},
                ended_at=_ended_at(unit, row),
                can_withdraw=_ended_at(unit, row) is None,
                follows=N_("撤回后本次不再使用医保，已上传的费用会撤销，可改为自费支付。"),
            )
            for row in rows
        ]

    async def withdraw(self, units: Units, actor: Actor, consent_id: UUID) -> None:
        """Raises ConsentGone, InsurerPaid."""
        async with units.account(actor.account, actor) as unit:
            try:
                cover = await queries.cover_of(unit, consent_id, lock=True)
            except CoverNotFound:
                raise ConsentGone() from None
            if cover.account_id != actor.account:
                raise ConsentGone()
            if cover.state is CoverState.SETTLED:
                raise InsurerPaid()
            await give_up(unit, cover, Giveup.PATIENT)


def _ended_at(unit: Unit, cover: Cover) -> datetime | None:
    if cover.state in queries.OPEN and cover.reason is None and unit.now < cover.usable_until:
        return None
    return min(cover.usable_until, unit.now)
