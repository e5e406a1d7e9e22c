"""Bills of a relative as the payer sees them: kinds and amounts, names only with the member's word (GS01)."""

from typing import Any
from uuid import UUID

from telehealth.core.access import Actor
from telehealth.core.i18n import N_
from telehealth.core.unit import Unit
from telehealth.family.viewing import sees_details
from telehealth.payments import queries
from telehealth.payments.models import Charge, ChargeLine
from telehealth.payments.states import ChargeState
from telehealth.payments.wording import CHARGE_STATES, ORDER_TYPES

#: What names of these say of somebody's health is theirs.
WITHHELD = {"drug": N_("药品费"), "exam": N_("检查检验费")}
_OTHER = N_("诊疗项目费")
#: They name a kind of visit, never a medicine or a test.
_PLAIN = ("consult_fee", "registration_fee")


async def may_name(unit: Unit, actor: Actor, charge: Charge) -> bool:
    """Whether the reader of this bill may read what each line is. Staff read their hospital's books."""
    if actor.is_staff or charge.account_id is None:
        return True
    return await sees_details(unit, charge.account_id, charge.person_id)


def called(line: ChargeLine, *, named: bool) -> str:
    """What the line is called to this reader; a message of ours where its name is withheld."""
    if named or line.kind in _PLAIN:
        return line.description
    return WITHHELD.get(line.kind, _OTHER)


async def family_bills(unit: Unit, actor: Actor, person_id: UUID) -> list[dict[str, Any]]:
    """What this account paid, or owes, for one relative; newest first."""
    return [
        {
            "what": ORDER_TYPES[charge.order_type],
            "sub": charge.number,
            "at": charge.settled_at or charge.created_at,
            "amount": charge.amount,
            "badge": (CHARGE_STATES[charge.state][1], CHARGE_STATES[charge.state][0]),
            "href": f"/receipts/{charge.id}" if charge.state is ChargeState.SETTLED else f"/pay/{charge.id}",
        }
        for charge in await queries.charges_for(unit, actor, person_id)
    ]
