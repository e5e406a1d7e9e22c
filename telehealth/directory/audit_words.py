from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.directory.states import CREDENTIAL_WORDS, NoticeChannel

_CREDENTIALS = {kind: words for kind, (words, _) in CREDENTIAL_WORDS.items()}

WORDS = AuditWords(
    "directory",
    N_("医院、科室与医生"),
    events={
        "calendar.changed": N_("调整了工作日"),
        "calendar.filled": N_("生成了年度日历"),
        "campus.added": N_("添加了院区"),
        "campus.edited": N_("修改了院区"),
        "credential.recorded": N_("登记了资质"),
        "credential.revoked": N_("撤销了资质"),
        "department.added": N_("添加了科室"),
        "department.edited": N_("修改了科室"),
        "doctor.account_joined": N_("医生与账号已关联"),
        "doctor.added": N_("添加了医生"),
        "doctor.edited": N_("修改了医生信息"),
        "doctor.left": N_("医生离职"),
        "doctor.online": N_("医生开通线上接诊"),
        "doctor.reinstated": N_("医生恢复线上接诊"),
        "doctor.suspended": N_("医生暂停线上接诊"),
        "hospital.added": N_("添加了医院"),
        "hospital.edited": N_("修改了医院信息或功能开关"),
        "notice.accepted": N_("患者同意了须知"),
        "notice.published": N_("发布了须知"),
    },
    subjects={
        "campuses": N_("院区"),
        "credentials": N_("资质证书"),
        "departments": N_("科室"),
        "doctors": N_("医生"),
        "hospital": N_("医院"),
        "hospitals": N_("医院"),
        "service_notices": N_("须知"),
    },
    facts={
        "code": N_("代码"),
        "department": N_("科室"),
        "fee_offline": N_("线下诊察费"),
        "fee_online": N_("线上诊察费"),
        "is_working": N_("是工作日"),
        "left_on": N_("离职日期"),
        "missing": N_("缺少的资质"),
        "online": N_("线上开放"),
        "open": N_("线下开放"),
        "valid_until": N_("有效期至"),
        "years": N_("年份"),
    },
    values={
        "kind": _CREDENTIALS,
        "missing": {**_CREDENTIALS, "independent_practice": N_("独立临床执业满三年")},
        "channel": {
            NoticeChannel.BROWSER: N_("浏览器"),
            NoticeChannel.APP: N_("应用"),
            NoticeChannel.MINI_PROGRAM: N_("小程序"),
            NoticeChannel.DESK: N_("窗口"),
        },
    },
    money=frozenset({"fee_online", "fee_offline"}),
)
