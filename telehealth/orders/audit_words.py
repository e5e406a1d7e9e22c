from telehealth.core.audit_words import AuditWords
from telehealth.core.i18n import N_

WORDS = AuditWords(
    "orders",
    N_("订单与改约"),
    events={"booking.rebooked": N_("患者改约了号源")},
    facts={"after": N_("原预约号")},
)
