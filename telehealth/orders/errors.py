"""What can stand between a patient and an order, or the next visit."""

from telehealth.core.errors import NotFound, Refused


class OrderNotFound(NotFound):
    code = "order_not_found"
    detail = "没有找到这个订单"


class NotRebookable(Refused):
    """The visit is still to come: there is nothing to repeat yet."""

    code = "not_rebookable"
    detail = "这次就诊还没有结束，现在不需要再约"


class FormToBeWritten(Refused):
    """The department asks for more than lasts from the last form. Carries `form_id` and `check_id`."""

    code = "form_to_be_written"
    detail = "这次还需要补充病情，请填写后继续"
