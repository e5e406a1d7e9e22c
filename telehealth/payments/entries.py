"""What each event of a payment moves in the books (docs/money.md §2)."""

from uuid import UUID

from telehealth.ledger import Account, Entry, provider_account
from telehealth.payments.models import Charge, PayOrder
from telehealth.payments.rules import Parts
from telehealth.payments.states import OrderType

REVENUE = {
    OrderType.REGISTRATION: Account.REVENUE_REGISTRATION,
    OrderType.CONSULT: Account.REVENUE_CONSULT,
    OrderType.DRUG: Account.REVENUE_DRUG,
    OrderType.EXAM: Account.REVENUE_EXAM,
}


def paid(charge: Charge, order: PayOrder) -> Entry:
    parts = parts_of(order)
    return Entry(
        cause=f"pay_order:{order.id}:paid",
        event="pay_order.paid",
        hospital_id=charge.hospital_id,
        charge_id=charge.id,
        account_id=charge.account_id,
        postings={**_held(order.provider, parts, 1), Account.PREPAID: -parts.total},
    )


def earned(charge: Charge, amount: int) -> Entry:
    return Entry(
        cause=f"charge:{charge.id}:earned",
        event="charge.earned",
        hospital_id=charge.hospital_id,
        charge_id=charge.id,
        account_id=charge.account_id,
        postings={Account.PREPAID: amount, REVENUE[charge.order_type]: -amount},
    )


def refund_requested(
    refund_id: UUID,
    amount: int,
    *,
    out_of: str,
    hospital_id: UUID,
    charge_id: UUID,
    account_id: UUID | None,
) -> Entry:
    """`out_of` is `prepaid`, or the revenue it became."""
    return Entry(
        cause=f"refund:{refund_id}:requested",
        event="refund.requested",
        hospital_id=hospital_id,
        charge_id=charge_id,
        account_id=account_id,
        postings={out_of: amount, Account.REFUNDS: -amount},
    )


def leg_settled(
    leg_id: UUID,
    party: str,
    parts: Parts,
    *,
    hospital_id: UUID,
    charge_id: UUID,
    account_id: UUID | None,
) -> Entry:
    return Entry(
        cause=f"refund_leg:{leg_id}:settled",
        event="refund.settled",
        hospital_id=hospital_id,
        charge_id=charge_id,
        account_id=account_id,
        postings={Account.REFUNDS: parts.total, **_held(party, parts, -1)},
    )


def parts_of(order: PayOrder) -> Parts:
    return Parts(order.cash, order.fund, order.personal, order.other)


def _held(party: str, parts: Parts, sign: int) -> dict[str, int]:
    return {
        provider_account(party): sign * parts.cash,
        Account.INSURER_FUND: sign * parts.fund,
        Account.INSURER_PERSONAL: sign * parts.personal,
        Account.INSURER_OTHER: sign * parts.other,
    }
