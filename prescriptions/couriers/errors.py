from telehealth.core.errors import Invalid, Refused, Unavailable


class CourierUnavailable(Unavailable):
    """Nothing is known of the outcome: `find`, then repeat with the same number. `reason` is ours."""

    code = "courier_unavailable"
    detail = "快递系统暂时没有应答，请稍后再试"


class CourierNonsense(CourierUnavailable):
    """It answered in words nobody can read, so nothing is known."""

    code = "courier_nonsense"
    detail = "快递系统的应答无法识别，请稍后再试"


class WaybillPending(CourierUnavailable):
    """The order stands, but the courier's people still decide whether they go there: `find` later."""

    code = "waybill_pending"
    detail = "快递公司正在人工确认能否送达，请稍后再看"


class CourierRefused(Refused):
    """The courier said no. `word` is its own code, for staff; never what it wrote in prose."""

    code = "courier_refused"
    detail = "快递公司没有受理，请核对后再试，或联系药房"


class AddressNotServed(CourierRefused):
    code = "address_not_served"
    detail = "快递无法送达这个地址，请换一个地址，或改为到院取药"


class ParcelMoving(CourierRefused):
    """Too late to cancel: the courier has it."""

    code = "parcel_moving"
    detail = "快递员已经揽收，不能取消，请联系药房"


class CourierNotOffered(Refused):
    """This hospital has no account there."""

    code = "courier_not_offered"
    detail = "本院没有开通这家快递，请到院取药，或联系药房"


class PushInvalid(Invalid):
    """A push that must not be believed. `reason`: "wrong_token", "wrong_sign" or "unreadable"."""

    code = "push_invalid"
    detail = "推送内容无法核实"
