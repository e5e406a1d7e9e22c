"""The consent to have medicine sent: courier and pharmacy are told where, only the pharmacy what."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from prescriptions.models import Prescription
from prescriptions.settling import Fulfilment, choosing
from prescriptions.settling.errors import NotChoosable, PaymentOver
from prescriptions.states import FulfilmentState, Path
from telehealth.core.access import Actor
from telehealth.core.consents import ConsentEntry, ConsentGone
from telehealth.core.errors import Refused
from telehealth.core.i18n import LANGUAGES, N_, translator
from telehealth.core.unit import Unit, Units

_NUMBER = N_("处方号 %(number)s")


class ParcelUnderWay(Refused):
    code = "parcel_under_way"
    detail = "药品已缴费，快递已按您的同意安排；如不再需要配送，请在处方页申请退款或致电药房，药费不会丢失"


class DeliveryConsents:
    kind = "delivery"

    async def listed(self, unit: Unit) -> Sequence[ConsentEntry]:
        rows = await unit.session.execute(
            sa.select(Fulfilment, Prescription.number)
            .join(Prescription, Prescription.id == Fulfilment.id)
            .where(Fulfilment.account_id == unit.actor.account, Fulfilment.path == Path.COURIER)
            .where(Fulfilment.agreed_at.is_not(None))
            .order_by(Fulfilment.agreed_at.desc())
            .limit(100)
        )
        return [
            ConsentEntry(
                kind=self.kind,
                id=row.id,
                person_id=row.person_id,
                purpose=N_("药品配送"),
                text=N_(
                    "为送药，向药房提供处方和收件信息，向快递公司提供收件人姓名、电话和地址；快递不会知道药品名称。"
                ),
                given_at=row.agreed_at,
                where={lang: translator(lang)(_NUMBER) % {"number": number} for lang in LANGUAGES},
                ended_at=row.ended_at,
                can_withdraw=row.state in (FulfilmentState.OPEN, FulfilmentState.PAID),
                follows=N_("缴费前撤回，改为到院取药；缴费后撤回，请在处方页申请退款或联系药房。"),
            )
            for row, number in rows
            if row.agreed_at is not None
        ]

    async def withdraw(self, units: Units, actor: Actor, consent_id: UUID) -> None:
        """The sheet stays good, to be collected. Raises ConsentGone, ParcelUnderWay, WindowClosed."""
        async with units.account(actor.account, actor) as unit:
            row = await unit.session.get(Fulfilment, consent_id)
            if row is None or row.account_id != actor.account:
                raise ConsentGone()
            if row.path is not Path.COURIER or row.ended_at is not None:
                return
            if row.state is not FulfilmentState.OPEN:
                raise ParcelUnderWay()
        try:
            await choosing.choose_window(units, actor, consent_id)
        except (NotChoosable, PaymentOver):
            raise ParcelUnderWay() from None
