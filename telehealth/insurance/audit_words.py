from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.insurance.states import Category, CoverState, Giveup

WORDS = AuditWords(
    "insurance",
    N_("医保"),
    events={
        "cover.asked": N_("请患者授权医保"),
        "cover.authorised": N_("患者授权了医保"),
        "cover.given_up": N_("放弃医保结算"),
        "cover.priced": N_("医保已预结算"),
        "cover.refused": N_("医保结算未成功"),
        "cover.reversed": N_("医保结算已撤销"),
        "cover.settled": N_("医保已结算"),
        "cover.uploaded": N_("费用已上传医保"),
        "insurance.account_viewed": N_("查看了医保个人账户"),
        "insurance.declared": N_("填报了参保信息"),
        "insurance.verified": N_("参保信息已核实"),
    },
    subjects={"covers": N_("医保结算"), "insurance_records": N_("参保信息")},
    facts={
        "category": N_("待遇类别"),
        "region": N_("参保地"),
        "single_use": N_("一次有效"),
        "was": N_("之前状态"),
    },
    values={
        "category": {
            Category.ORDINARY: N_("普通门诊"),
            Category.CHRONIC: N_("门诊慢特病"),
            Category.MATERNITY: N_("生育保险"),
            Category.WORK_INJURY: N_("工伤保险"),
        },
        "reason": {
            Giveup.PATIENT: N_("患者没有授权"),
            Giveup.EXPIRED: N_("授权已过期"),
            Giveup.CATEGORY: N_("待遇类别不能线上结算"),
            Giveup.REGION: N_("参保地不能在本院结算"),
            Giveup.UNINSURED: N_("没有查到参保信息"),
            Giveup.INSURER: N_("医保平台没有受理"),
            Giveup.IDENTITY: N_("分割金额不一致"),
            Giveup.ABANDONED: N_("不再使用"),
            Giveup.UNBOUND: N_("家庭共济已解除"),
        },
        "was": {
            CoverState.ASKED: N_("等待授权"),
            CoverState.AUTHORISED: N_("已授权"),
            CoverState.PRICED: N_("已预结算"),
            CoverState.SETTLED: N_("已结算"),
        },
    },
    money=frozenset({"total", "fund", "personal", "other", "cash", "insured"}),
    scopes={"cover left behind": N_("撤销未用的医保结算")},
)
