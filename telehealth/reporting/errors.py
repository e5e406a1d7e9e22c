from telehealth.core.errors import NotFound


class ReportNotFound(NotFound):
    code = "report_not_found"
    detail = "没有这一天的日报"
