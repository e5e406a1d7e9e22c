"""What comes back of the price of medicine, for the hospital's public page of prices (REGULATION 16)."""

from collections.abc import Sequence

from prescriptions.settling.rules import CAUSE_LABELS, FULL, SHARES, Cause
from telehealth.core.i18n import N_
from telehealth.orders.pricing import RefundRow, RefundTable
from telehealth.rulebook.rules import PolicySet

_BY_PERSON = N_("由医院核定，结果会通知您")


def refund_rows(policy: PolicySet) -> Sequence[RefundRow]:
    """Before it is packed the house decides by itself; afterwards a person, by the table of causes."""
    hours = policy.dispensing
    return [
        RefundRow(
            N_("开具后 %(n)s 天内没有缴费"), None, note=N_("处方失效，没有收费"),
            number=policy.prescription.payment_deadline_days,
        ),
        RefundRow(N_("配好打包或开始代煎之前，由您取消"), FULL, is_automatic=True),
        RefundRow(
            N_("缴费后 %(n)s 小时内没有配好"), FULL, number=hours.pack_hours, is_automatic=True,
            note=N_("需要代煎的另计，见订单上的时间"),
        ),
        *[RefundRow(CAUSE_LABELS[cause], SHARES[cause], note=_BY_PERSON) for cause in _AFTERWARDS],
    ]  # fmt: skip


_AFTERWARDS = (
    Cause.LOST, Cause.DAMAGED, Cause.QUALITY, Cause.RECALLED, Cause.WRONG, Cause.MEDICAL, Cause.REFUSED,
    Cause.UNREACHABLE, Cause.CHANGED_MIND, Cause.DECOCTED,
)  # fmt: skip

TABLE = RefundTable(N_("药费"), refund_rows)
