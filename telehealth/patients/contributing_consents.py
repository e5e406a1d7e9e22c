"""Consents about people: to check who they are, to act for them, to have their medicines compared."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from telehealth.core.access import Actor
from telehealth.core.consents import ConsentEntry, ConsentGone
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit, Units
from telehealth.patients.consent_texts import TEXTS
from telehealth.patients.errors import ConsentNotFound, PersonNotFound
from telehealth.patients.linking_family import CARRYING, withdraw_consent
from telehealth.patients.models import Consent
from telehealth.patients.states import Purpose

#: What follows from taking back what carries no relation.
FOLLOWS = {
    Purpose.IDENTITY_CHECK: N_("撤回后不再向核验机构提供信息；已完成的核验结果依法保留。"),
    Purpose.FACE_CHECK: N_("撤回后不再发起人脸核身；可改用验证码或到窗口办理。"),
    Purpose.MEDICINE_CHECK: N_("撤回后医生开方时不再查询其他医院的用药，改为当面询问。"),
    Purpose.FAMILY_PAYING: N_("撤回后立即解除家庭共济，尚未扣款的授权作废；已支付的费用不受影响。"),
    Purpose.FAMILY_CHILD: N_("撤回后立即解除该儿童的家庭共济，审核材料到期删除；已支付的费用不受影响。"),
    Purpose.BILL_DETAILS: N_("撤回后付款人只能看到项目类别和金额，看不到药品和检查名称。"),
}
_ENDS = N_("撤回后将解除与该就诊人的关系：立即不能再查看和代为办理，就诊卡一并解绑，分享一并收回。")


class PersonConsents:
    kind = "person"

    async def listed(self, unit: Unit) -> Sequence[ConsentEntry]:
        rows = await unit.session.scalars(
            sa.select(Consent)
            .where(Consent.account_id == unit.actor.account)
            .order_by(Consent.given_at.desc())
            .limit(200)
        )
        return [
            ConsentEntry(
                kind=self.kind,
                id=row.id,
                person_id=row.person_id,
                purpose=TEXTS[row.purpose].title,
                text=TEXTS[row.purpose].text,
                given_at=row.given_at,
                ended_at=row.withdrawn_at,
                can_withdraw=row.withdrawn_at is None,
                follows=_ENDS if row.purpose in CARRYING else FOLLOWS[row.purpose],
            )
            for row in rows
        ]

    async def withdraw(self, units: Units, actor: Actor, consent_id: UUID) -> None:
        async with units.account(actor.account, actor) as unit:
            row = await unit.session.get(Consent, consent_id)
            if row is None or row.account_id != actor.account:
                raise ConsentGone()
            if row.withdrawn_at is not None:
                return
        try:
            await withdraw_consent(units, actor, row.person_id, consent_id)
        except (PersonNotFound, ConsentNotFound):
            raise ConsentGone() from None
