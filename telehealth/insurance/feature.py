"""What insurance offers: the way back from the insurer's page, and covers taken back by themselves."""

from typing import Any

from telehealth.core.access import Actor, Permission
from telehealth.core.feature import Feature, Periodic
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.family import Unbound
from telehealth.insurance import api, enquiring, pages, revoking
from telehealth.insurance import models as models
from telehealth.insurance.audit_words import WORDS
from telehealth.insurance.contributing_consents import InsuranceConsents


async def family_links(unit: Unit, actor: Actor) -> list[dict[str, Any]]:
    """Only where the insurer would answer (GS11)."""
    if not actor.may(Permission.PAY) or not await enquiring.doors(unit, actor):
        return []
    return [
        {
            "title": N_("医保账户查询"),
            "href": pages.ACCOUNT,
            "icon": "scroll-text",
            "text": N_("我的余额与结算明细，只供查看"),
        }
    ]


feature = Feature(
    name="insurance",
    api=tuple(api.routes),
    pages=tuple(pages.routes),
    tasks=(revoking.revoke,),
    templates="telehealth.insurance",
    contributions=(("audit_words", WORDS), ("family_links", family_links), ("consents", InsuranceConsents())),
    subscriptions=((Unbound, revoking.give_up_for),),
    periodic=(Periodic("insurance.revoke_abandoned", 60, revoking.revoke_abandoned),),
)
