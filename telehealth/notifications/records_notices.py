"""What is sent of somebody's rights over their data: a file is made, a request is answered (REG60)."""

from telehealth.notifications.rules import Kind, Var
from telehealth.notifications.states import Notice, Topic
from telehealth.notifications.wording import Wording

RECORDS_WORDINGS: dict[Notice, Wording] = {
    Notice.EXPORT_READY: Wording(
        Topic.PEOPLE,
        "导出文件已备好",
        "Your export is ready",
        "您申请的健康档案导出文件已备好，{until}前可以下载；下载前会向您的手机发送验证码。",
        "The export of the health record you asked for is ready to download until {until}. A code is sent to"
        " your phone first.",
        {"until": Var(Kind.UNTIL)},
        icon="file-down",
    ),
    Notice.DATA_REQUEST_ANSWERED: Wording(
        Topic.PEOPLE,
        "您的个人信息申请已有答复",
        "Your data request is answered",
        "医院已答复您的个人信息申请，请点开查看结果和下一步。",
        "The hospital answered your request about personal data. Open it for the answer and the next step.",
        icon="file-check",
    ),
}
