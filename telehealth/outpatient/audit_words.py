from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_
from telehealth.outpatient.wording import BILL_STATES

WORDS = AuditWords(
    "outpatient",
    N_("门诊缴费与候诊"),
    events={
        "outpatient_bill.called": N_("缴费单已通知患者"),
        "outpatient_bill.confirmed": N_("医院系统确认了缴费"),
        "outpatient_bill.found": N_("收到门诊缴费单"),
        "outpatient_bill.given_back": N_("缴费未被医院系统接受，已申请退款"),
        "outpatient_bill.paid": N_("门诊缴费单已支付"),
        "outpatient_bill.payment_refused": N_("门诊付款没有入账"),
        "outpatient_bill.refunded": N_("门诊缴费单已退费"),
        "outpatient_bill.reminded": N_("提醒患者缴费"),
        "outpatient_bill.repriced": N_("门诊缴费单金额已变动"),
        "outpatient_bill.self_pay_confirmed": N_("患者确认自费缴纳"),
        "outpatient_bill.window": N_("缴费单已转窗口缴纳"),
        "queue.called": N_("已叫号"),
        "queue.checked_in": N_("患者签到候诊"),
        "queue.left": N_("患者退出候诊"),
        "queue.missed": N_("患者过号"),
        "queue.rejoined": N_("过号患者重新排队"),
        "queue.reminded": N_("提醒患者即将就诊"),
        "queue.requeued": N_("过号患者顺延"),
        "queue.room_named": N_("设置了诊间"),
        "queue.screen_renewed": N_("更换了大屏地址"),
        "queue.seen": N_("患者已进诊间"),
    },
    subjects={
        "outpatient_bills": N_("门诊缴费单"),
        "queue_lines": N_("候诊队列"),
        "queue_tickets": N_("候诊号"),
    },
    facts={
        "ahead": N_("前面人数"),
        "late": N_("迟到"),
        "missed": N_("过号次数"),
        "payment": N_("缴费流水"),
        "place": N_("排队位置"),
        "room": N_("诊间"),
    },
    values={
        "state": {state: words for state, (words, _) in BILL_STATES.items()},
        "why": {
            "gone": N_("缴费单已不存在"),
            "not_due": N_("缴费单已不需缴纳"),
            "another_charge": N_("已另行收费"),
            "repriced": N_("金额已变动"),
        },
    },
    money=frozenset({"amount"}),
    scopes={
        "outpatient bills": N_("门诊缴费单"),
        "queue": N_("候诊"),
        "queue screen": N_("候诊大屏"),
    },
)
