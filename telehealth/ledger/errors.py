from telehealth.core.errors import Conflict


class AlreadyPosted(Conflict):
    """The same cause was posted before: whoever comes second changes nothing."""

    code = "already_posted"
    detail = "这笔账已经记过"
