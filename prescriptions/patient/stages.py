"""Where a sheet is, in people's words, and what may be done about it: templates ask here, not the states."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from prescriptions.couriers import ParcelState
from prescriptions.models import Prescription
from prescriptions.settling import Fulfilment
from prescriptions.settling.undoing import BY_PATIENT
from prescriptions.states import DispatchState, FulfilmentState, Path, RxState
from telehealth.core.i18n import N_


class Stage(StrEnum):
    REVIEWING = "reviewing"
    WITH_DOCTOR = "with_doctor"
    REFUSED = "refused"
    PAYABLE = "payable"
    #: The last day is over, and the provider is asked whether it was paid in time.
    CLOSING = "closing"
    EXPIRED = "expired"
    VOIDED = "voided"
    UNDONE = "undone"
    #: The pharmacy gave it up, and finance has not said yet what goes back.
    ABANDONED = "abandoned"
    #: Its patient asked for it.
    GIVEN_UP = "given_up"
    PREPARING = "preparing"
    #: Herbs on the fire: no patient gives that up any more.
    COOKING = "cooking"
    #: The courier is asked to forget its waybill before the money goes back.
    CANCELLING = "cancelling"
    PACKED = "packed"
    READY = "ready"
    ON_THE_WAY = "on_the_way"
    DELIVERED = "delivered"
    COLLECTED = "collected"
    #: Not taken at the door, on its way back, or lost: a person looks after it.
    PARCEL_TROUBLE = "parcel_trouble"
    PARCEL_BACK = "parcel_back"


@dataclass(frozen=True, slots=True)
class Capability:
    """`label` and `sentence` are message ids; `tone` is a kind of tag."""

    label: str
    tone: str
    sentence: str
    can_choose: bool = False
    #: The pharmacy may still say no: it decides by where its order is.
    can_cancel: bool = False
    #: There is a road behind the payment to be shown.
    is_followed: bool = False
    can_refill: bool = False
    has_sheet: bool = False


S = Stage
CAPABILITIES: Mapping[Stage, Capability] = {
    S.REVIEWING: Capability(N_("药师审核中"), "info", N_("处方正在由药师审核，通过后就可以缴费，会通知您。")),
    S.WITH_DOCTOR: Capability(
        N_("医生修改中"), "info", N_("药师请医生修改这张处方，改好并审核通过后会通知您。")
    ),
    S.REFUSED: Capability(
        N_("未通过审核"), "danger", N_("药师没有通过这张处方，没有收取费用。请在诊室里联系医生。"),
        can_refill=True,
    ),
    S.PAYABLE: Capability(
        N_("待缴费"), "warn", N_("请选择取药方式并在期限内缴费，逾期处方失效。"),
        can_choose=True, has_sheet=True,
    ),
    S.CLOSING: Capability(
        N_("正在核对"), "info",
        N_("缴费时间已到，正在向支付渠道核对：按时付款的照常配药，未付款的处方随后失效，不收费。"),
    ),
    S.EXPIRED: Capability(
        N_("已过期"), "", N_("有效期内没有缴费，处方已失效，没有收取费用。仍需要用药时，可以预约医生续方。"),
        can_refill=True,
    ),
    S.VOIDED: Capability(N_("已作废"), "", N_("医生作废了这张处方，没有收取费用。"), can_refill=True),
    S.UNDONE: Capability(
        N_("已取消，费用退回"), "warn", N_("这张处方没有配药，退回的费用可在下面查看进度。"),
        can_refill=True,
    ),
    S.ABANDONED: Capability(
        N_("已终止配药"), "warn",
        N_("药房已终止这张处方，医院正在核定退费，结果会通知您。有问题请联系医院。"),
    ),
    S.GIVEN_UP: Capability(
        N_("已取消，费用退回"), "", N_("已按您的申请取消取药，费用原路退回，可在下面查看退款进度。"),
        can_refill=True,
    ),
    S.PREPARING: Capability(
        N_("配药中"), "ok", N_("药房正在配药，配好后会通知您。"),
        can_cancel=True, is_followed=True, has_sheet=True,
    ),
    S.COOKING: Capability(
        N_("代煎中"), "ok", N_("药房正在煎药，煎好打包后会通知您。开始代煎后不能再取消。"),
        is_followed=True, has_sheet=True,
    ),
    S.CANCELLING: Capability(
        N_("正在取消"), "info", N_("正在取消，确认后费用全额原路退回。"), is_followed=True, has_sheet=True
    ),
    S.PACKED: Capability(
        N_("等待揽收"), "ok", N_("药品已经打包，等快递员来取。"), is_followed=True, has_sheet=True
    ),
    S.READY: Capability(
        N_("可以取药"), "ok", N_("药品已经配好，请凭取药码和取药号到窗口取药。"),
        is_followed=True, has_sheet=True,
    ),
    S.ON_THE_WAY: Capability(
        N_("配送中"), "ok", N_("包裹在路上，请保持电话畅通。快递费在收货时付给快递员。"),
        is_followed=True, has_sheet=True,
    ),
    S.DELIVERED: Capability(
        N_("已签收"), "ok", N_("包裹已经签收。用药前请核对药名、规格和用法。"),
        is_followed=True, has_sheet=True, can_refill=True,
    ),
    S.COLLECTED: Capability(
        N_("已取药"), "ok", N_("药品已经取走。用药前请核对药名、规格和用法。"),
        is_followed=True, has_sheet=True, can_refill=True,
    ),
    S.PARCEL_TROUBLE: Capability(
        N_("配送异常"), "warn", N_("包裹没有送到，药房正在跟进，会联系您。也可以直接致电药房。"),
        is_followed=True, has_sheet=True,
    ),
    S.PARCEL_BACK: Capability(
        N_("包裹已退回"), "warn", N_("包裹退回了药房，药房会联系您决定重新寄送或退款。"),
        is_followed=True, has_sheet=True,
    ),
}  # fmt: skip

_ENDED = {
    RxState.SIGNED: S.REVIEWING,
    RxState.RETURNED: S.WITH_DOCTOR,
    RxState.DRAFT: S.WITH_DOCTOR,
    RxState.REFUSED: S.REFUSED,
    RxState.EXPIRED: S.EXPIRED,
    RxState.VOIDED: S.VOIDED,
}
_BY_DISPATCH = {
    DispatchState.DECOCTING: S.COOKING,
    DispatchState.DECOCTED: S.COOKING,
    DispatchState.DELIVERED: S.DELIVERED,
    DispatchState.COLLECTED: S.COLLECTED,
    DispatchState.RETURNED: S.PARCEL_BACK,
    DispatchState.LOST: S.PARCEL_TROUBLE,
    # While the money is still with us: `undoing` and `deciding` move the fulfilment when it goes back.
    DispatchState.CANCELLED: S.ABANDONED,
}
_TROUBLE = frozenset({ParcelState.EXCEPTION, ParcelState.REFUSED, ParcelState.RETURNING})


def stage_of(
    rx: Prescription,
    row: Fulfilment | None,
    *,
    now: datetime,
    dispatch: DispatchState | None = None,
    parcel: ParcelState | None = None,
    is_cancelling: bool = False,
) -> Stage:
    if row is not None and row.state is FulfilmentState.UNDONE:
        return S.GIVEN_UP if rx.reason == BY_PATIENT else S.UNDONE
    if rx.state is RxState.PASSED:
        over = rx.valid_until is not None and rx.valid_until <= now
        return S.CLOSING if over else S.PAYABLE
    if rx.state is not RxState.SPENT:
        return _ENDED[rx.state]
    if is_cancelling:
        return S.CANCELLING
    if dispatch is DispatchState.PACKED:
        return S.READY if row is not None and row.path is Path.WINDOW else S.PACKED
    if dispatch is DispatchState.HANDED_OVER:
        return S.PARCEL_TROUBLE if parcel in _TROUBLE else S.ON_THE_WAY
    return _BY_DISPATCH.get(dispatch, S.PREPARING) if dispatch is not None else S.PREPARING


#: A parcel's scans in our words: a courier's own sentence may name its driver.
PARCEL_WORDS: Mapping[ParcelState, str] = {
    ParcelState.CREATED: N_("运单已生成"),
    ParcelState.AWAITING_PICKUP: N_("等待揽收"),
    ParcelState.PICKED_UP: N_("快递员已揽收"),
    ParcelState.IN_TRANSIT: N_("运输中"),
    ParcelState.ARRIVED_CITY: N_("到达所在城市"),
    ParcelState.OUT_FOR_DELIVERY: N_("正在派送"),
    ParcelState.HELD_FOR_COLLECTION: N_("已放到代收点"),
    ParcelState.EXCEPTION: N_("派送遇到问题"),
    ParcelState.DELIVERED: N_("已签收"),
    ParcelState.REFUSED: N_("已拒收"),
    ParcelState.RETURNING: N_("正在退回药房"),
    ParcelState.RETURNED: N_("已退回药房"),
    ParcelState.CANCELLED: N_("运单已取消"),
}
