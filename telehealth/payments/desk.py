"""Cash at the window: a second provider that calls nobody (SJ03). Staff take it, and hand it back."""

from uuid import UUID

from telehealth.core.access import Permission
from telehealth.core.ids import new_id
from telehealth.core.unit import Unit
from telehealth.directory import hospital
from telehealth.payments import queries
from telehealth.payments.errors import CashAmountWrong, ChargeClosed, ChargeSettled
from telehealth.payments.models import Charge, PayOrder
from telehealth.payments.rules import order_number
from telehealth.payments.settling import Outcome, come_in
from telehealth.payments.states import ChargeState, PayOrderState, Way
from telehealth.payments.subjects import Subjects

#: A name in `ports.Providers`.
DESK = "desk"


async def take_cash(unit: Unit, charge_id: UUID, *, received: int) -> PayOrder:
    """Settle a charge with notes and coins, counted by whoever acts. `received` is fen, change given.

    Orders still open at another provider are closed there; what is paid by them all the same goes back.

    Raises:
        ChargeNotFound, ChargeSettled, ChargeClosed: keep the money in the patient's hand.
        CashAmountWrong: the counted amount is not the price.
    """
    unit.actor.require(Permission.TAKE_CASH)
    seen = await queries.charge_of(unit, unit.actor, charge_id)
    await unit.port(Subjects).of(seen).lock(unit, seen.subject_id)
    charge = await queries.lock_charge(unit, charge_id)
    _receivable(unit, charge)
    if received != charge.amount:
        raise CashAmountWrong(due=charge.amount, received=received)
    started = await queries.lock_orders(unit, charge.id)
    order = PayOrder(
        id=new_id(),
        charge_id=charge.id,
        hospital_id=charge.hospital_id,
        account_id=charge.account_id,
        provider=DESK,
        way=Way.CASH,
        out_trade_no=order_number(charge.number, len(started) + 1),
        cash=charge.amount,
        fund=0,
        personal=0,
        other=0,
        state=PayOrderState.CREATED,
        request={"hospital": (await hospital(unit, charge.hospital_id)).code},
        answer={},
        expires_at=charge.pay_by,
        look_at=unit.wall,
        looks=0,
        paid_at=unit.now,
        taken_by=unit.actor.account,
        created_at=unit.now,
    )
    unit.session.add(order)
    await unit.session.flush()
    if await come_in(unit, charge, order) is not Outcome.TAKEN:
        # The whole unit is undone: nothing was taken, and the patient keeps the money.
        raise ChargeClosed()
    unit.audit("cash.taken", order, number=order.out_trade_no, amount=received)
    unit.step("pay.cash")
    return order


def _receivable(unit: Unit, charge: Charge) -> None:
    if charge.state is ChargeState.SETTLED:
        raise ChargeSettled()
    late = charge.closing_since is not None or charge.pay_by <= unit.now
    if charge.state is ChargeState.CLOSED or late:
        raise ChargeClosed()
