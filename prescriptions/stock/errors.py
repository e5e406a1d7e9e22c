from telehealth.core.errors import Conflict, FieldsInvalid, NotFound, Refused


class OutOfStock(Refused):
    """No pharmacy has all of it. `drugs` are the codes that lack at the one that lacks fewest."""

    code = "out_of_stock"
    detail = "药房库存不足，请调整处方或联系药房"


class PharmacyNotFound(NotFound):
    code = "pharmacy_not_found"
    detail = "没有找到这家药房"


class NoPharmacy(Refused):
    """This member of staff works at no pharmacy."""

    code = "no_pharmacy"
    detail = "您还没有分配到药房，请联系管理员"


class LotNotFound(NotFound):
    code = "lot_not_found"
    detail = "没有找到这个批号"


class WrongLot(Refused):
    """Scanned, and not to be given. `reason`: "unknown", "other_drug", "blocked", "expired", "empty"."""

    code = "wrong_lot"
    detail = "这个批号不能用于本单，请放回并换一批"


class EarlierLotFirst(Refused):
    """Another lot of the drug expires earlier (`lot`) and is still on the shelf by our count."""

    code = "earlier_lot_first"
    detail = "请先用效期更近的批号；若货架上没有，请先盘点"


class ReservationGone(Conflict):
    """What the sheet held was freed, or has been taken already."""

    code = "reservation_gone"
    detail = "为这张处方预留的药品已不在"


class LotDiffers(Conflict):
    """The lot is on file with another expiry date."""

    code = "lot_differs"
    detail = "同一批号已登记了不同的有效期，请核对"


class GoodsRefused(FieldsInvalid):
    """Rows of a delivery that cannot be taken in; none of it is."""

    code = "goods_refused"
    detail = "入库清单有误，未做任何登记"
