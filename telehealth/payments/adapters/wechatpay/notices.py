"""What WeChat Pay tells us unasked: believed only when signed, fresh, sealed for us and about us."""

from collections.abc import Mapping

from pydantic import ValidationError

from telehealth.payments.adapters.wechatpay.client import Merchant
from telehealth.payments.adapters.wechatpay.sealing import Sealed, Unsealable
from telehealth.payments.adapters.wechatpay.wire import Said
from telehealth.payments.errors import NoticeRefused
from telehealth.payments.ports import Notice

#: How an event begins → the topic its address belongs to.
_TOPICS = {"TRANSACTION": "payments", "REFUND": "refunds", "MEDICAL_INSURANCE": "mixed"}

UNREADABLE = "unreadable"
#: Sealed with our key, yet about another merchant, or sent to an address for other events.
FOREIGN = "foreign"


class Envelope(Said):
    event_type: str
    resource: Sealed


class Amount(Said):
    total: int | None = None
    refund: int | None = None


class Resource(Said):
    """What the three events have in common, and what each has of its own."""

    out_trade_no: str
    mchid: str = ""
    appid: str = ""
    out_refund_no: str | None = None
    amount: Amount = Amount()
    total_fee: int | None = None


def read_notice(merchant: Merchant, topic: str, headers: Mapping[str, str], body: bytes) -> Notice:
    """`body` as it came, byte for byte.

    Raises:
        NoticeRefused: "bad_signature", "stale", "unknown_key" (the next call fetches the platform's keys;
            they will send it again), "unreadable", "foreign".
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    if found := merchant.platform.doubt(lowered, body, now=merchant.clock.wall()):
        raise NoticeRefused(str(found))
    try:
        envelope = Envelope.model_validate_json(body)
        resource = Resource.model_validate_json(merchant.box.open(envelope.resource))
    except (ValidationError, Unsealable):
        raise NoticeRefused(UNREADABLE) from None
    if not _is_ours(merchant, topic, envelope, resource):
        raise NoticeRefused(FOREIGN)
    if topic == "refunds" and not resource.out_refund_no:
        raise NoticeRefused(UNREADABLE)
    amount = {
        "payments": resource.amount.total,
        "refunds": resource.amount.refund,
        "mixed": resource.total_fee,
    }[topic]
    return Notice(envelope.event_type, resource.out_trade_no, resource.out_refund_no, amount)


def _is_ours(merchant: Merchant, topic: str, envelope: Envelope, resource: Resource) -> bool:
    """Refunds name the merchant only, insured orders the app only, payments both."""
    if _TOPICS.get(envelope.event_type.partition(".")[0]) != topic:
        return False
    # An appid is always there but in a refund; a mchid is always there but in an insured order.
    mchid_fits = resource.mchid == merchant.settings.mchid or (topic == "mixed" and not resource.mchid)
    appid_fits = resource.appid in merchant.appids or (topic == "refunds" and not resource.appid)
    return mchid_fits and appid_fits
