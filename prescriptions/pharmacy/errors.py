from telehealth.core.errors import Conflict, FieldsInvalid, NotFound, Refused


class DispatchNotFound(NotFound):
    """There is none, or it is another pharmacy's."""

    code = "dispatch_order_not_found"
    detail = "没有找到这张配药单"


class ClaimedByOther(Conflict):
    code = "dispatch_claimed_by_other"
    detail = "同事已经领走这张单"


class OrderHeld(Refused):
    """An exception is open: a person resolves it first."""

    code = "dispatch_held"
    detail = "这张单有异常待处理，请先处理异常"


class OrderBeingUndone(Conflict):
    """The house is giving it up; the courier is asked."""

    code = "dispatch_being_undone"
    detail = "这张单正在退单，不要继续配药"


class NotOnThisSheet(Refused):
    """Scanned, and no drug of this sheet."""

    code = "drug_not_on_sheet"
    detail = "扫到的药品不在这张处方上，请放回"


class PickIncomplete(Refused):
    """`drugs` lack a lot."""

    code = "pick_incomplete"
    detail = "还有药品没有登记批号"


class StillCooking(Refused):
    code = "still_to_be_decocted"
    detail = "这张处方需要代煎，煎好后再复核"


class NothingToDecoct(Refused):
    code = "nothing_to_decoct"
    detail = "这张处方不需要代煎"


class ChecklistIncomplete(FieldsInvalid):
    code = "checklist_incomplete"
    detail = "四查十对须逐项确认"


class SecondPersonNeeded(Refused):
    """Whoever picked must not check while a colleague is on duty (REG 31)."""

    code = "second_person_needed"
    detail = "须由另一位药师复核"


class PauseNotOver(Refused):
    """Alone on duty: `until` says from when the same person may check."""

    code = "lone_duty_pause"
    detail = "单人值班须间隔一段时间后再复核"


class WaybillMissing(Refused):
    code = "waybill_missing"
    detail = "还没有运单，请先下单取号"


class LoggerMissing(FieldsInvalid):
    """The cold chain without a logger does not leave the house (REG 45)."""

    code = "logger_missing"
    detail = "冷链药品须放入温度记录仪"


class ColdChainByOthers(Refused):
    code = "cold_chain_by_others"
    detail = "冷链药品只能用冷链快递寄出"


class PathDiffers(Conflict):
    """A courier's order at the window, or the reverse."""

    code = "dispatch_path_differs"
    detail = "这张单的取药方式不同"


class WrongWaybill(Refused):
    """The scanned number is of another parcel."""

    code = "wrong_waybill"
    detail = "扫到的运单不是这张单的，请核对"


class WrongPickUp(Refused):
    """Neither the code nor the person is right."""

    code = "wrong_pick_up"
    detail = "取药码或取药人核对不上"


class ProxyIncomplete(FieldsInvalid):
    """Somebody else collects: both identities are written down (REG 47)."""

    code = "proxy_incomplete"
    detail = "代取须登记患者和代取人双方的证件"


class CounsellingMissing(FieldsInvalid):
    code = "counselling_missing"
    detail = "请记录用药交代"


class ExceptionNotFound(NotFound):
    code = "dispatch_exception_not_found"
    detail = "没有待处理的异常"


class ResolutionRefused(Conflict):
    """This way out does not lead on from where the order is."""

    code = "resolution_refused"
    detail = "当前状态下不能这样处理"


class RecallNotFound(NotFound):
    code = "recall_not_found"
    detail = "没有找到这次召回"


class LabelNotReady(Refused):
    """The signed sheet is not on file."""

    code = "label_not_ready"
    detail = "签名处方尚未归档，稍后再打印"


class ChecksBlock(Refused):
    """The safety checks, run again while picking, say no."""

    code = "dispensing_checks_block"
    detail = "配药安全检查未通过，已转异常处理"
