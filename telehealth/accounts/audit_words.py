from telehealth.core.access import Role
from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

_ROLES = {
    Role.PATIENT: N_("患者"),
    Role.DESK: N_("挂号与服务台"),
    Role.DOCTOR: N_("医生"),
    Role.PHARMACIST: N_("药师"),
    Role.PHARMACY: N_("药房"),
    Role.REVIEWER: N_("资料审核"),
    Role.FINANCE: N_("财务"),
    Role.ADMIN: N_("管理员"),
    Role.HEAD: N_("院领导"),
}

WORDS = AuditWords(
    "accounts",
    N_("账号与登录"),
    events={
        "account.opened": N_("开通了账号"),
        "account.password_changed": N_("修改了密码"),
        "account.second_factor_enrolled": N_("绑定了动态口令"),
        "account.second_factor_locked": N_("动态口令多次输错，已锁定"),
        "account.signed_in": N_("患者登录"),
        "account.signed_out": N_("已退出登录"),
        "account.signed_out_elsewhere": N_("退出了其他设备的登录"),
        "account.signed_out_everywhere": N_("退出了全部设备的登录"),
        "account.token_reused": N_("登录凭证被重复使用，已强制退出"),
        "account.wechat_linked": N_("绑定了微信"),
        "staff.accepted": N_("员工接受了邀请"),
        "staff.changed": N_("修改了员工信息或角色"),
        "staff.enrolled": N_("添加了员工"),
        "staff.invited": N_("邀请了员工"),
        "staff.password_reset": N_("重置了员工密码"),
        "staff.reinstated": N_("恢复了员工"),
        "staff.second_factor_reset": N_("重置了员工的动态口令"),
        "staff.signed_in": N_("员工登录"),
        "staff.stepped_up": N_("员工再次输入了动态口令"),
        "staff.suspended": N_("停用了员工"),
    },
    subjects={"accounts": N_("账号"), "sessions": N_("登录"), "staff_members": N_("员工")},
    facts={"ended": N_("退出的设备数")},
    values={
        "channel": {
            "browser": N_("浏览器"),
            "mini_program": N_("小程序"),
            "app": N_("应用"),
            "console": N_("工作台"),
        },
        "by": {"wechat": N_("微信")},
        "roles": _ROLES,
        "before": _ROLES,
        "after": _ROLES,
    },
    scopes={
        "handover": N_("换设备继续"),
        "password change": N_("修改密码"),
        "sign-in": N_("登录"),
        "staff invitation": N_("员工邀请"),
        "staff sign-in": N_("员工登录"),
        "step-up": N_("再次验证"),
        "wechat": N_("微信登录"),
    },
)
