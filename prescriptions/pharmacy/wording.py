"""What the desk calls its steps and a parcel's whereabouts."""

from prescriptions.couriers import ParcelState
from prescriptions.pharmacy.models import DispatchOrder
from prescriptions.states import DispatchState, Path
from telehealth.core.i18n import N_

D = DispatchState

STEPS = {
    "held": N_("处理异常"),
    "undoing": N_("正在退单"),
    "claim": N_("领单"),
    "others": N_("同事正在配药"),
    "pick": N_("按批号配药"),
    "cook": N_("开始煎煮"),
    "cooking": N_("煎煮中"),
    "check": N_("四查十对"),
    "waybill": N_("取运单号"),
    "pack": N_("打包"),
    "hand_over": N_("交给快递"),
    "collect": N_("窗口发药"),
    "away": N_("快递途中"),
    "over": N_("已完成"),
}
PARCEL_LABELS = {
    ParcelState.CREATED: N_("已下单"),
    ParcelState.AWAITING_PICKUP: N_("等待揽收"),
    ParcelState.PICKED_UP: N_("已揽收"),
    ParcelState.IN_TRANSIT: N_("运输中"),
    ParcelState.ARRIVED_CITY: N_("到达目的城市"),
    ParcelState.OUT_FOR_DELIVERY: N_("派送中"),
    ParcelState.HELD_FOR_COLLECTION: N_("待自提"),
    ParcelState.EXCEPTION: N_("运输异常"),
    ParcelState.DELIVERED: N_("已签收"),
    ParcelState.REFUSED: N_("已拒收"),
    ParcelState.RETURNING: N_("退回途中"),
    ParcelState.RETURNED: N_("已退回"),
    ParcelState.CANCELLED: N_("已取消"),
}
_BY_STATE = {
    D.WAITING: "claim",
    D.DECOCTING: "cooking",
    D.DECOCTED: "check",
    D.HANDED_OVER: "away",
}


def step_of(row: DispatchOrder, *, is_mine: bool, booked: bool) -> str:
    """What is to be done next, of `STEPS`."""
    if row.undo_reason is not None and row.state is not D.CANCELLED:
        return "undoing"
    if row.held_at is not None:
        return "held"
    if row.state is D.CLAIMED:
        return "pick" if is_mine else "others"
    if row.state is D.PICKED:
        return "cook" if row.needs_decocting else "check"
    if row.state is D.CHECKED:
        return "pack" if booked or row.path is Path.WINDOW else "waybill"
    if row.state is D.PACKED:
        if row.path is Path.WINDOW:
            return "collect"
        return "hand_over" if booked else "waybill"
    return _BY_STATE.get(row.state, "over")
